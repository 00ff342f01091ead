import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./command.mjs";
import { npmCommand } from "./npm.mjs";
import { root } from "./project.mjs";
import { say } from "./terminal.mjs";

/** Runs `npm ci` if node_modules differs from package-lock.json. Without a lock file it does nothing. */
export async function installPackages() {
  const wanted = readLock(join(root, "package-lock.json"));
  if (!wanted || hasVersions(readLock(join(root, "node_modules/.package-lock.json")), wanted))
    return;
  say("Installing packages");
  await run([...npmCommand(), "ci", "--no-audit", "--no-fund"], { cwd: root, show: "stderr" });
}

/** Compares versions, because file times also change with a checkout or an edit of other fields. */
function hasVersions(installed, wanted) {
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
