import { callUser } from "../base/call-user.ts";
import type { DownloadProgress } from "../options/pull.ts";

export type DownloadListener = (progress: DownloadProgress) => void;

// A call per chunk would be thousands per second.
const intervalMs = 100;

/** Counts the bytes of all files of a model and tells the caller, at most every 100 ms. */
export class ProgressCounter {
  readonly #listener: DownloadListener | undefined;
  readonly #total: number;
  #phase: DownloadProgress["phase"] = "download";
  /** Bytes of the files that are finished. */
  #finished = 0;
  /** Bytes of the current file in the current phase. */
  #current = 0;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(listener: DownloadListener | undefined, total: number) {
    this.#listener = listener;
    this.#total = total;
  }

  /** Starts a phase of the current file, of which `bytes` bytes are done. */
  begin(phase: DownloadProgress["phase"], bytes: number): void {
    this.#phase = phase;
    this.#current = bytes;
    this.#tell();
  }

  readonly add = (bytes: number): void => {
    this.#current += bytes;
    if (performance.now() - this.#toldAt >= intervalMs) this.#tell();
  };

  /** The current file, of `bytes` bytes, is complete. */
  finish(bytes: number): void {
    this.#finished += bytes;
    this.#current = 0;
    this.#tell();
  }

  #tell(): void {
    this.#toldAt = performance.now();
    const bytes = this.#finished + this.#current;
    callUser(this.#listener, { phase: this.#phase, bytes, total: this.#total });
  }
}
