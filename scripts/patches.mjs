// Checks and edits our patches to llama.cpp. native/kernels/patches.cmake applies them in the build.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { parseArgs } from "node:util";
import { findProgram, run } from "./command.mjs";
import { fetchLlama } from "./fetch-llama.mjs";
import { Failure, root, runWhenMain } from "./project.mjs";
import { note, say } from "./terminal.mjs";

const help = `Checks and edits the patches to llama.cpp.

  node scripts/patches.mjs check                   apply all patches to the pinned source
  node scripts/patches.mjs edit PATCH [FILE...]    unpack the files of a patch for editing;
                                                   FILEs (relative to llama.cpp) for a new patch,
                                                   or to add files to a patch
  node scripts/patches.mjs refresh PATCH           update the patch from the edited files
      --context N    lines of context around each change (default: 3)

PATCH is a name such as 04-amx-matmul. Patches apply in the order of their names.
`;

const patchesFolder = join(root, "native/kernels/patches");

/** The names of all patches, in the order in which they apply. */
export function patchNames(folder = patchesFolder) {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".patch"))
    .map((name) => name.slice(0, -".patch".length))
    .sort();
}

/** The files that a patch changes, relative to llama.cpp's folder. */
function patchedFiles(text) {
  return [...text.matchAll(/^\+\+\+ b\/([^\t\n]+)/gm)].map(([, file]) => file);
}

/** Where the files of a patch lie while somebody edits it: `a` without the patch, `b` with it. */
function editFolder(name) {
  return join(root, ".cache/patches", name);
}

function patchFile(name) {
  return join(patchesFolder, `${name}.patch`);
}

/** Applies patches to copies of the source's files. Rejects with what CMake printed. */
async function applyPatches(names, source, output) {
  const definitions = {
    SOURCE: source,
    OUTPUT: output,
    PATCHES: names.map(patchFile).join(";"),
  };
  const args = Object.entries(definitions).map(([key, value]) => `-D${key}=${value}`);
  await run(["cmake", ...args, "-P", join(root, "native/kernels/patches.cmake")]).catch((error) => {
    throw new Failure((error.output ?? error.message).trim());
  });
}

async function check() {
  const output = join(root, ".cache/patches/check");
  const names = patchNames();
  rmSync(output, { recursive: true, force: true });
  await applyPatches(names, await fetchLlama(), output);
  rmSync(output, { recursive: true, force: true });
  note(`all ${names.length} patches apply`);
}

async function edit(name, files) {
  const source = await fetchLlama();
  const folder = editFolder(name);
  rmSync(folder, { recursive: true, force: true });
  const earlier = patchNames().filter((other) => other < name);
  await applyPatches(earlier, source, join(folder, "earlier"));

  const text = existsSync(patchFile(name)) ? readFileSync(patchFile(name), "utf8") : "";
  for (const file of new Set([...patchedFiles(text), ...files])) {
    const original = [join(folder, "earlier", file), join(source, file)].find(existsSync);
    if (!original) throw new Failure(`${source} has no ${file}.`);
    for (const side of ["a", "b"]) {
      mkdirSync(dirname(join(folder, side, file)), { recursive: true });
      cpSync(original, join(folder, side, file));
    }
  }
  rmSync(join(folder, "earlier"), { recursive: true });
  if (text !== "") await applyWithRejects(name, folder);
  say(`Edit the files in ${relative(".", join(folder, "b"))}`);
  note(`then run: node scripts/patches.mjs refresh ${name}`);
}

/** Applies as much of a patch as fits. The rest stays beside the files, as *.rej. */
async function applyWithRejects(name, folder) {
  const env = { ...process.env, GIT_CEILING_DIRECTORIES: folder };
  const command = ["git", "apply", "--reject", "--whitespace=nowarn", patchFile(name)];
  await run(command, { cwd: join(folder, "b"), env }).catch((error) => {
    note(error.output?.trim() ?? error.message);
    note("some changes do not apply: make them by hand, from the .rej files");
  });
}

async function refresh(name, context) {
  const folder = editFolder(name);
  if (!existsSync(join(folder, "b"))) {
    throw new Failure(
      `${name} is not being edited.`,
      `Run first: node scripts/patches.mjs edit ${name}`,
    );
  }
  const old = existsSync(patchFile(name)) ? readFileSync(patchFile(name), "utf8") : "";
  const header = old.slice(0, Math.max(0, old.search(/^--- /m))) || "What it changes\n\nWhy.\n\n";
  const files = readdirSync(join(folder, "a"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(join(folder, "a"), join(entry.parentPath ?? entry.path, entry.name)))
    .sort();
  let changes = "";
  for (const file of files)
    changes += await difference(folder, file.replaceAll("\\", "/"), context);
  if (changes === "") throw new Failure(`The files of ${name} are not changed.`);
  writeFileSync(patchFile(name), header + changes);
  if (old === "") note(`say in ${relative(".", patchFile(name))} what the patch changes, and why`);
  await check();
}

async function difference(folder, file, context) {
  const options = ["--no-index", "--no-prefix", "--no-color", `-U${context}`];
  const command = ["git", "diff", ...options, `a/${file}`, `b/${file}`];
  const output = await run(command, { cwd: folder }).catch((error) => {
    if (error.exitCode === 1) return error.output; // the files differ
    throw error;
  });
  return output.replace(/^(diff --git|index) .*\n/gm, "");
}

await runWhenMain(import.meta, async (args) => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { help: { type: "boolean" }, context: { type: "string", default: "3" } },
  });
  const [command, name, ...files] = positionals;
  if (!findProgram("cmake")) throw new Failure("CMake is not on PATH.");
  if (command === "check") return check();
  if (command === "edit" && name) return edit(name, files);
  if (command === "refresh" && name) return refresh(name, values.context);
  console.log(help);
  if (!values.help) process.exitCode = 1;
});
