import { constants } from "node:fs";
import { type FileHandle, open, readFile, rename, rm, writeFile } from "node:fs/promises";

/** A part of a file that is not there yet: bytes from `start` up to, but not including, `end`. */
export interface Gap {
  start: number;
  end: number;
}

/** What a partial file is a part of. Another state of the remote file makes it worthless. */
export interface Identity {
  readonly bytes: number;
  /** Hash or ETag. */
  readonly tag: string;
}

/**
 * A file that is being downloaded, perhaps by several connections. A journal beside it lists the parts
 * that are missing, so that a later process can go on. The caller holds the file's lock.
 */
export class PartialFile {
  readonly path: string;
  readonly #identity: Identity;
  readonly #file: FileHandle;
  /** The gaps, in any order. The transfer moves `start` as bytes are written. */
  readonly gaps: Gap[];
  /** ETag of the server that sends the bytes, for `If-Range`. */
  etag: string | undefined;

  private constructor(
    path: string,
    identity: Identity,
    file: FileHandle,
    gaps: Gap[],
    etag: string | undefined,
  ) {
    this.path = path;
    this.#identity = identity;
    this.#file = file;
    this.gaps = gaps;
    this.etag = etag;
  }

  /** Opens the partial file of an earlier attempt, or an empty one. */
  static async open(path: string, identity: Identity): Promise<PartialFile> {
    const journal = await readJournal(path, identity);
    // A link that somebody put there would lead the writes to another file.
    const flags = constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0);
    const file = await open(path, journal === undefined ? flags | constants.O_TRUNC : flags, 0o644);
    const { size } = await file.stat();
    const end = identity.bytes;
    const gaps = journal?.gaps ?? (end > 0 ? [{ start: 0, end }] : []);
    // A part that the journal counts as written, but that the file does not have, is missing.
    const isCut = writtenEnd(gaps, end) > size;
    const checked = isCut ? [{ start: 0, end }] : gaps;
    return new PartialFile(path, identity, file, checked, isCut ? undefined : journal?.etag);
  }

  /** Number of bytes that are missing. */
  get missingBytes(): number {
    return this.gaps.reduce((sum, { start, end }) => sum + (end - start), 0);
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    let done = 0;
    while (done < bytes.length) {
      const { bytesWritten } = await this.#file.write(
        bytes,
        done,
        bytes.length - done,
        position + done,
      );
      done += bytesWritten;
    }
  }

  /** Writes the journal. `gaps` must not claim bytes that are not written. */
  async save(gaps: readonly Gap[] = this.gaps): Promise<void> {
    const { bytes, tag } = this.#identity;
    const journal = { version: 1, bytes, tag, etag: this.etag, gaps };
    const temporary = `${journalPath(this.path)}.new`;
    await rm(temporary, { force: true });
    await writeFile(temporary, JSON.stringify(journal), { flag: "wx" });
    await rename(temporary, journalPath(this.path));
  }

  /** Forgets all bytes, because they are of another state of the remote file. */
  async restart(): Promise<void> {
    this.gaps.splice(0, this.gaps.length, { start: 0, end: this.#identity.bytes });
    this.etag = undefined;
    await rm(journalPath(this.path), { force: true });
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  /** Makes the content durable. */
  async sync(): Promise<void> {
    await this.#file.truncate(this.#identity.bytes);
    await this.#file.sync();
  }
}

/** Gives a complete partial file its name. */
export async function finishPartial(path: string, target: string): Promise<void> {
  await rename(path, target);
  await rm(journalPath(path), { force: true });
}

/** Removes a partial file and its journal. */
export async function removePartial(path: string): Promise<void> {
  await rm(path, { force: true });
  await rm(journalPath(path), { force: true });
  await rm(`${journalPath(path)}.new`, { force: true });
}

function journalPath(path: string): string {
  return `${path}.json`;
}

interface Journal {
  readonly gaps: Gap[];
  readonly etag: string | undefined;
}

/** Undefined if there is no journal, or it is damaged or of another state of the remote file. */
async function readJournal(path: string, identity: Identity): Promise<Journal | undefined> {
  try {
    const { version, bytes, tag, etag, gaps } = JSON.parse(
      await readFile(journalPath(path), "utf8"),
    );
    const isRight =
      version === 1 &&
      bytes === identity.bytes &&
      tag === identity.tag &&
      (etag === undefined || typeof etag === "string") &&
      Array.isArray(gaps) &&
      gaps.every((gap) => isGap(gap, identity.bytes));
    return isRight ? { gaps: gaps.map(({ start, end }) => ({ start, end })), etag } : undefined;
  } catch {
    return undefined;
  }
}

function isGap(gap: unknown, bytes: number): boolean {
  const { start, end } = Object(gap) as Record<string, unknown>;
  return (
    typeof start === "number" &&
    typeof end === "number" &&
    Number.isSafeInteger(start) &&
    Number.isSafeInteger(end) &&
    0 <= start &&
    start < end &&
    end <= bytes
  );
}

/** End of the last byte that is not in a gap. */
function writtenEnd(gaps: readonly Gap[], bytes: number): number {
  let end = bytes;
  for (const gap of [...gaps].sort((a, b) => b.end - a.end)) {
    if (gap.end < end) break;
    end = Math.min(end, gap.start);
  }
  return end;
}
