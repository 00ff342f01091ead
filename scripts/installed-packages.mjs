import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./command.mjs";
import { npmCommand } from "./npm.mjs";
import { root } from "./project.mjs";
import { say } from "./terminal.mjs";

/** Runs `npm ci` unless node_modules holds what package-lock.json names. */
export async function installPackages() {
  const wanted = readLock(join(root, "package-lock.json"));
  if (!wanted || holds(readLock(join(root, "node_modules/.package-lock.json")), wanted)) return;
  say("Installing packages");
  await run([...npmCommand(), "ci", "--no-audit", "--no-fund"], { cwd: root, show: "stderr" });
}

/** Compares versions, not file times: a checkout or an edit of other fields changes those too. */
function holds(installed, wanted) {
  if (!installed) return false;
  return Object.entries(wanted).every(([path, { version, optional, link }]) => {
    if (path === "" || link) return true;
    const found = installed[path];
    return found ? found.version === version : optional;
  });
}

function readLock(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).packages : undefined;
}
