// `npm start`: sets up what is missing, then shows a completion, an infill and a chat.
import { join } from "node:path";
import { run } from "./command.mjs";
import { root, runWhenMain } from "./project.mjs";
import { setup } from "./setup.mjs";

const demo = ["demo"];

await runWhenMain(import.meta, async (args) => {
  await setup();
  const command = [process.execPath, join(root, "dist/cli/main.js")];
  await run([...command, ...(args.length > 0 ? args : demo)], { show: "stdout" }).catch((error) => {
    process.exitCode = error.exitCode;
  });
});
