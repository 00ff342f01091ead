import {
  lstat,
  mkdir,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  symlink,
} from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { replaceFile } from "../base/replace-file.ts";
import { downloadFailed } from "./failure.ts";
import { isSafePath, isSafeSegment } from "./safe-names.ts";

// Hugging Face's cache: models--org--name/{blobs,refs,snapshots}. A snapshot holds links to blobs, which
// are named by their hash, so that several commits share them.

/** One model repository inside Hugging Face's cache. */
export class CachedRepository {
  readonly #cache: string;
  readonly folder: string;

  constructor(cache: string, repository: string) {
    this.#cache = cache;
    this.folder = join(cache, folderName(repository));
  }

  /** @param tag - hash of the content */
  blob(tag: string): string {
    return join(this.folder, "blobs", tag);
  }

  /** Python's hub locks a file of the same folder, by a method that Node.js does not have. */
  lock(tag: string): string {
    return join(this.#cache, ".locks", relative(this.#cache, this.folder), `${tag}.node-codellama`);
  }

  snapshot(commit: string): string {
    return join(this.folder, "snapshots", commit);
  }

  /** The commit that a revision meant when it was last fetched. Undefined if it never was. */
  async commitOf(revision: string): Promise<string | undefined> {
    if (isCommit(revision)) return revision;
    if (!isSafePath(revision)) return undefined;
    const path = join(this.folder, "refs", ...revision.split("/"));
    const commit = await readFile(path, "utf8").catch(() => "");
    return isCommit(commit.trim()) ? commit.trim() : undefined;
  }

  /** Remembers the commit of a revision. */
  async setRevision(revision: string, commit: string): Promise<void> {
    if (isCommit(revision)) return;
    const path = join(this.folder, "refs", ...revision.split("/"));
    await mkdir(dirname(path), { recursive: true });
    await replaceFile(path, [Buffer.from(commit)], { where: path });
  }

  /** The GGUF files of a commit that are there, with their paths inside the repository. */
  async filesOf(commit: string): Promise<CachedFile[]> {
    const root = this.snapshot(commit);
    const names = await readdir(root, { recursive: true }).catch(() => []);
    const files = names.map(async (name): Promise<CachedFile[]> => {
      if (!/\.gguf$/i.test(name)) return [];
      const location = join(root, name);
      const found = await stat(location).catch(() => undefined);
      if (found?.isFile() !== true) return [];
      return [{ path: name.split(sep).join("/"), location, bytes: found.size }];
    });
    return (await Promise.all(files)).flat();
  }

  /** The commits that have a snapshot. */
  async commits(): Promise<string[]> {
    const names = await readdir(join(this.folder, "snapshots")).catch(() => []);
    return names.filter(isCommit);
  }

  /**
   * Puts a blob into a snapshot under its name.
   * @returns the path of the file in the snapshot
   */
  async link(commit: string, path: string, tag: string): Promise<string> {
    const location = join(this.snapshot(commit), ...path.split("/"));
    await mkdir(dirname(location), { recursive: true });
    await this.#requireInside(dirname(location));
    const target = relative(dirname(location), this.blob(tag));
    const isThere = await isSameFile(location, this.blob(tag));
    if (isThere) return location;
    await rm(location, { force: true });
    try {
      await symlink(target, location);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return location;
      // Windows allows links only to some users. Python's hub moves the file too.
      await rename(this.blob(tag), location);
    }
    return location;
  }

  /** A link inside the cache must not lead a write to another folder. */
  async #requireInside(folder: string): Promise<void> {
    const [real, root] = await Promise.all([realpath(folder), realpath(this.folder)]);
    if (real === root || real.startsWith(root + sep)) return;
    throw downloadFailed(`${folder} is a link out of the cache ${this.#cache}; remove it`);
  }
}

/** A file of a snapshot. */
export interface CachedFile {
  /** Path inside the repository. */
  readonly path: string;
  /** Path on this machine. */
  readonly location: string;
  readonly bytes: number;
}

/** `org/repo` for the name of a repository's folder. Undefined for other folders. */
export function repositoryOf(folder: string): string | undefined {
  const [kind, organisation, name, ...more] = folder.split("--");
  if (kind !== "models" || organisation === undefined || name === undefined) return undefined;
  return more.length === 0 ? `${organisation}/${name}` : undefined;
}

function folderName(repository: string): string {
  const name = `models--${repository.replace("/", "--")}`;
  if (!isSafeSegment(name)) throw downloadFailed(`${repository} cannot be the name of a folder`);
  return name;
}

function isCommit(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text);
}

async function isSameFile(first: string, second: string): Promise<boolean> {
  const [a, b] = await Promise.all([
    stat(first, { bigint: true }).catch(() => undefined),
    stat(second, { bigint: true }).catch(() => undefined),
  ]);
  if (a === undefined) return false;
  // Where links are not possible, the file itself is in the snapshot.
  if (b === undefined) return (await lstat(first)).isFile();
  return a.dev === b.dev && a.ino === b.ino;
}
