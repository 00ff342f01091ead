import { setTimeout as sleep } from "node:timers/promises";
import { copyBody } from "./copy-body.ts";
import type { Gap, PartialFile } from "./partial-file.ts";
import { openRange, type RemoteFile } from "./range.ts";
import { Retries } from "./retry.ts";

/** When a second connection is tried, and a third. */
export interface Parallelism {
  readonly mostConnections: number;
  /** Time over which a speed is measured. */
  readonly windowMs: number;
  /** A connection takes over a half of a gap that has at least this many bytes. */
  readonly smallestShare: number;
}

export const usualParallelism: Parallelism = {
  mostConnections: 8,
  windowMs: 2000,
  smallestShare: 2 ** 26,
};

// Another connection stays if all of them together are faster by this factor.
const worthwhile = 1.15;
const longestBacklog = 2 ** 23;
const saveIntervalMs = 1000;

export interface TransferOptions {
  readonly signal: AbortSignal;
  readonly firstPauseMs: number;
  readonly parallelism: Parallelism;
  /** Called with the number of bytes that arrived. */
  onBytes(bytes: number): void;
}

interface Connection {
  readonly controller: AbortController;
  readonly done: Promise<void>;
}

/**
 * Fetches the missing parts of a partial file, with one connection or with several if that is faster.
 * The journal is up to date when it ends, also if it fails.
 */
export class Transfer {
  readonly #remote: RemoteFile;
  readonly #file: PartialFile;
  readonly #options: TransferOptions;
  /** Gaps that no connection fills. */
  readonly #free: Gap[];
  /** Gaps that a connection fills. */
  readonly #taken = new Set<Gap>();
  readonly #connections = new Set<Connection>();
  #bytes = 0;
  #hasRanges = true;

  constructor(remote: RemoteFile, file: PartialFile, options: TransferOptions) {
    this.#remote = remote;
    this.#file = file;
    this.#options = options;
    this.#free = [...file.gaps].sort((a, b) => b.start - a.start);
  }

  /** @throws ContentChanged; CodeLlamaError `DOWNLOAD_FAILED`; the error of the disk; the signal's reason */
  async run(): Promise<void> {
    const ended = new AbortController();
    const watching = [this.#saveRegularly(ended.signal), this.#tryMore(ended.signal)];
    try {
      while (this.#free.length > 0) {
        this.#connect();
        while (this.#connections.size > 0) {
          await Promise.all([...this.#connections].map(({ done }) => done));
        }
      }
    } finally {
      ended.abort();
      for (const { controller } of this.#connections) controller.abort();
      await Promise.allSettled([...this.#connections].map(({ done }) => done));
      await Promise.allSettled(watching);
      await this.#save();
    }
  }

  #connect(): Connection {
    const controller = new AbortController();
    const signal = AbortSignal.any([this.#options.signal, controller.signal]);
    const connection: Connection = {
      controller,
      done: this.#fill(signal, controller.signal).finally(() =>
        this.#connections.delete(connection),
      ),
    };
    // run() awaits it, but perhaps not at once.
    connection.done.catch(() => {});
    this.#connections.add(connection);
    return connection;
  }

  /** Fills gaps until none is left, or until this connection is ended. */
  async #fill(signal: AbortSignal, ended: AbortSignal): Promise<void> {
    const retries = new Retries(this.#options.firstPauseMs, signal);
    for (let gap = this.#take(); gap !== undefined; gap = this.#take()) {
      try {
        while (gap.start < gap.end) await this.#fillOnce(gap, signal, retries);
      } catch (error) {
        this.#options.signal.throwIfAborted();
        if (!ended.aborted) throw error;
        this.#free.push(gap);
        return;
      } finally {
        this.#taken.delete(gap);
      }
    }
  }

  async #fillOnce(gap: Gap, signal: AbortSignal, retries: Retries): Promise<void> {
    const { url } = this.#remote;
    const { start } = gap;
    try {
      const answer = await openRange(this.#remote, start, gap.end, this.#file.etag, signal);
      this.#file.etag ??= answer.etag;
      if (!answer.isPart) this.#hasRanges = false;
      await copyBody(answer, gap, this.#file, {
        host: url.host,
        longestBacklog: Math.min(longestBacklog, this.#options.parallelism.smallestShare / 4),
        onBytes: (bytes) => {
          this.#bytes += bytes;
          this.#options.onBytes(bytes);
        },
      });
    } catch (error) {
      if (gap.start > start) retries.reset();
      await retries.pause(error);
    }
  }

  /** A free gap, or a half of the largest gap. Undefined if nothing is worth another request. */
  #take(): Gap | undefined {
    const gap = this.#free.pop() ?? this.#split();
    if (gap !== undefined) this.#taken.add(gap);
    return gap;
  }

  #split(): Gap | undefined {
    if (!this.#hasRanges) return undefined;
    const sizeOf = ({ start, end }: Gap) => end - start;
    const [largest] = [...this.#taken].sort((a, b) => sizeOf(b) - sizeOf(a));
    const { smallestShare } = this.#options.parallelism;
    if (largest === undefined || sizeOf(largest) < smallestShare) return undefined;
    const middle = largest.start + Math.floor(sizeOf(largest) / 2);
    const half = { start: middle, end: largest.end };
    largest.end = middle;
    this.#file.gaps.push(half);
    return half;
  }

  /** Adds connections as long as each makes the whole faster. */
  async #tryMore(ended: AbortSignal): Promise<void> {
    const { mostConnections, windowMs, smallestShare } = this.#options.parallelism;
    const wait = (ms: number) => sleep(ms, undefined, { signal: ended });
    const measure = async () => {
      const before = this.#bytes;
      await wait(windowMs);
      return this.#bytes - before;
    };
    try {
      let fastest = await measure();
      while (this.#connections.size < mostConnections) {
        // The rest must outlast the trial.
        const isLong = this.#file.missingBytes > Math.max(smallestShare, 4 * fastest);
        if (!this.#hasRanges || !isLong) return;
        const added = this.#connect();
        // The new connection needs a moment until it is fast.
        await wait(windowMs / 2);
        const speed = await measure();
        if (speed < fastest * worthwhile) {
          added.controller.abort();
          return;
        }
        fastest = speed;
      }
    } catch {
      // The transfer has ended.
    }
  }

  /** Limits the loss when the process is killed. */
  async #saveRegularly(ended: AbortSignal): Promise<void> {
    while (!ended.aborted) {
      await sleep(saveIntervalMs, undefined, { signal: ended }).catch(() => {});
      // A failure shows again at the end.
      if (!ended.aborted) await this.#save().catch(() => {});
    }
  }

  async #save(): Promise<void> {
    const { gaps } = this.#file;
    const missing = gaps.filter(({ start, end }) => start < end);
    gaps.splice(0, gaps.length, ...missing);
    await this.#file.save();
  }
}
