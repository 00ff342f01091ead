import { SingleBar } from "cli-progress";
import type { DownloadProgress } from "../options/pull.ts";
import { note, sizeText } from "./terminal.ts";

/** Shows the progress of a download. */
export interface DownloadBar {
  update(progress: DownloadProgress): void;
  stop(): void;
  /** Says that a later command continues, if a download was running. */
  interrupt(): void;
}

const titles = {
  wait: "Waiting for another process that downloads",
  download: "Downloading",
  verify: "Verifying",
} as const;

/**
 * Creates a bar with rate and time left. Where stderr is not a terminal, it writes one line for each
 * phase.
 */
export function downloadBar(name: string): DownloadBar {
  let phase: DownloadProgress["phase"] | undefined;
  let bar: SingleBar | undefined;
  const rate = new Rate();
  const begin = (progress: DownloadProgress) => {
    bar?.stop();
    phase = progress.phase;
    rate.restart(progress.bytes);
    if (!process.stderr.isTTY) note(`${titles[phase]} ${name} (${sizeText(progress.total)})`);
    else bar = startBar(`${titles[phase]} ${name}`, progress);
  };
  const stop = () => {
    bar?.stop();
    bar = undefined;
  };
  return {
    update(progress) {
      if (progress.phase !== phase) begin(progress);
      rate.measure(progress.bytes);
      bar?.update(progress.bytes, texts(progress, rate.bytesPerSecond));
    },
    stop,
    interrupt() {
      stop();
      if (phase === "download") {
        note("Interrupted. The same command continues where this one ended.");
      }
    },
  };
}

function startBar(title: string, progress: DownloadProgress): SingleBar {
  const bar = new SingleBar({
    format: `${title} [{bar}] {percentage} % {detail}`,
    barCompleteChar: "=",
    barIncompleteChar: " ",
    barsize: 24,
    clearOnComplete: true,
    stream: process.stderr,
  });
  bar.start(progress.total, progress.bytes, texts(progress, undefined));
  return bar;
}

function texts({ bytes, total }: DownloadProgress, bytesPerSecond: number | undefined) {
  const size = `${sizeText(bytes)} of ${sizeText(total)}`;
  if (bytesPerSecond === undefined || bytesPerSecond <= 0) return { detail: size };
  const left = duration((total - bytes) / bytesPerSecond);
  return { detail: `${size}, ${sizeText(bytesPerSecond)}/s, ${left} left` };
}

// The rate of the last seconds, so that it follows a changing connection.
const windowMs = 5000;

class Rate {
  #samples: { readonly at: number; readonly bytes: number }[] = [];

  restart(bytes: number): void {
    this.#samples = [{ at: performance.now(), bytes }];
  }

  measure(bytes: number): void {
    const now = performance.now();
    this.#samples.push({ at: now, bytes });
    this.#samples = this.#samples.filter(({ at }) => now - at <= windowMs);
  }

  /** Undefined until there is a second measurement. */
  get bytesPerSecond(): number | undefined {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.at - first.at < 200) return undefined;
    return ((last.bytes - first.bytes) / (last.at - first.at)) * 1000;
  }
}

/** Such as `1:05:09` or `2:03`. */
function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  const two = (number: number) => `${number}`.padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const rest = `${hours > 0 ? two(minutes) : minutes}:${two(whole % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}
