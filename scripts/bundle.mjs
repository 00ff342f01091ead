import { join } from "node:path";
import { run } from "./command.mjs";
import { Failure, newestIn, root, writtenAt } from "./project.mjs";
import { say } from "./terminal.mjs";

/** Bundles lib/ into dist/ if lib/ is newer. */
export async function bundle() {
  const config = join(root, "scripts/tsdown.config.ts");
  const newest = Math.max(newestIn(join(root, "lib")), writtenAt(config));
  const names = ["index", "server", "ai-sdk", "langchain"].flatMap((n) => [`${n}.js`, `${n}.cjs`]);
  const bundles = [...names, "cli/main.js", "playground/playground.js"].map((name) =>
    join(root, "dist", name),
  );
  if (bundles.every((file) => writtenAt(file) > newest)) return;
  say("Bundling lib/ into dist/");
  const tsdown = join(root, "node_modules/tsdown/dist/run.mjs");
  const command = [process.execPath, tsdown, "--config", config, "--log-level", "warn"];
  await run(command, { cwd: root }).catch((error) => {
    throw new Failure(`${error.output ?? error.message}\nlib/ cannot be bundled.`);
  });
}
