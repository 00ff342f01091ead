#!/usr/bin/env node
import { createRequire } from "node:module";
import { Command } from "commander";
import { addBuildCommand } from "./build.ts";
import { addChatCommand } from "./chat.ts";
import { addCompleteCommand } from "./complete.ts";
import { addDemoCommand } from "./demo.ts";
import { addDoctorCommand } from "./doctor.ts";
import { addInfillCommand } from "./infill.ts";
import { addInspectCommand } from "./inspect.ts";
import { addListCommand } from "./list.ts";
import { addPullCommand } from "./pull.ts";
import { addRemoveCommand } from "./rm.ts";
import { addServeCommand } from "./serve.ts";
import { endWithoutReader, reportFailure } from "./terminal.ts";
import { addTuneCommand } from "./tune.ts";
import { usageError } from "./usage-error.ts";

const { version, description } = createRequire(import.meta.url)("../../package.json") as {
  version: string;
  description: string;
};

const program = new Command("node-codellama")
  .description(description)
  .version(version)
  .configureOutput({ outputError: (message, write) => write(usageError(message)) })
  .showHelpAfterError(
    "(commands: node-codellama --help; options of a command: node-codellama COMMAND --help)",
  );
addCompleteCommand(program);
addInfillCommand(program);
addChatCommand(program);
addPullCommand(program);
addListCommand(program);
addRemoveCommand(program);
addInspectCommand(program);
addServeCommand(program);
addTuneCommand(program);
addDoctorCommand(program);
addBuildCommand(program);
addDemoCommand(program);

endWithoutReader();

try {
  await program.parseAsync();
} catch (error) {
  reportFailure(error);
}
