/** Installs the libraries that the bench compares with into this folder. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { run } from "../../scripts/command.mjs";
import { npmCommand } from "../../scripts/npm.mjs";
import { say } from "../../scripts/terminal.mjs";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));

/**
 * Installs a package of package.json and the package with its binary, if they are missing. Install scripts would
 * compile, so they do not run. Other optional packages are gigabytes of binaries for all platforms and GPUs, so they
 * are not installed.
 *
 * @param {string} name
 * @param {string} binary
 */
export async function installPeer(name, binary) {
  if (existsSync(`${FOLDER}node_modules/${binary}`)) return;
  const { dependencies } = JSON.parse(readFileSync(`${FOLDER}package.json`, "utf8"));
  say(`Installing ${name} into bench/peers`);
  const flags = "--omit=optional --ignore-scripts --no-save --no-package-lock --no-audit --no-fund";
  const wanted = `${binary}@${dependencies[name]}`;
  // npm removes installed packages that the command does not name.
  const others = ["@node-llama-cpp", "@fugood"].flatMap((scope) => installed(scope));
  await run([...npmCommand(), "install", ...flags.split(" "), wanted, ...others], { cwd: FOLDER });
}

function installed(scope) {
  const binaries = { "@node-llama-cpp": "node-llama-cpp", "@fugood": "@fugood/llama.node" };
  const { dependencies } = JSON.parse(readFileSync(`${FOLDER}package.json`, "utf8"));
  const folder = `${FOLDER}node_modules/${scope}`;
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .map((name) => `${scope}/${name}`)
    .filter((name) => !(name in dependencies))
    .map((name) => `${name}@${dependencies[binaries[scope]]}`);
}
