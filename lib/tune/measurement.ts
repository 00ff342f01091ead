import { CodeLlama } from "../codellama.ts";
import type { LoadOptions } from "../options/load.ts";
import type { GenerationResult } from "../result.ts";
import type { Measure, TunedOptions } from "./dimensions.ts";
import { median } from "./trial-log.ts";
import { contextSize, longestPrompt, randomPrompt, type Workload, workload } from "./workload.ts";

/** The model to measure, and the options that stay the same. */
export interface Subject {
  readonly modelPath: string;
  readonly fixedOptions: LoadOptions;
  /** Approximate time for each of prefill, decode and streams. */
  readonly seconds: number;
  /** Sequences that run in parallel. */
  readonly streams: number;
  readonly signal: AbortSignal;
}

/** Speeds in tokens per second. */
export type Speeds = Readonly<Partial<Record<Measure, number>>>;

interface Run {
  readonly result: GenerationResult;
  readonly elapsedMs: number;
}

/** Maximum runs of one measurement. */
const mostRepetitions = 5;
/** Runs end early once they take this many times as long as the first options. */
const patience = 4;
/** Tokens of the first run, which estimates the speed of the machine. */
const firstPrompt = 64;
const firstTokens = 16;

/** Loads a model with one set of options after another and measures the same work with each. */
export class Measurement {
  readonly #subject: Subject;
  readonly work: Workload;
  /** Time of the first options for one sequence and for several, in milliseconds. */
  readonly #firstTimes = new Map<"sequence" | "streams", number>();
  #lastSeed = 0;

  private constructor(subject: Subject, work: Workload) {
    this.#subject = subject;
    this.work = work;
  }

  /**
   * Loads the model once to find out how much work fits into the time.
   * @throws CodeLlamaError like `CodeLlama.load` and `generate`
   */
  static async prepare(
    subject: Subject,
    options: TunedOptions,
  ): Promise<{ measurement: Measurement; modelName: string }> {
    const { seconds, streams, signal } = subject;
    const llama = await load(subject, options, longestPrompt + firstTokens);
    try {
      const { name, trainingContextSize } = llama.model;
      const size = async (promptTokens: number) => {
        const { result } = await generate(llama, promptTokens, promptTokens, {
          maxTokens: firstTokens,
          signal,
        });
        return workload(result.timings, seconds, streams, trainingContextSize);
      };
      // Measured twice: streams are slower after a long prompt, and short prompts have a lower speed
      // than long ones.
      const { promptTokens } = await size(firstPrompt);
      return { measurement: new Measurement(subject, await size(promptTokens)), modelName: name };
    } finally {
      await llama.close();
    }
  }

  /**
   * Measures at least the wanted speeds.
   * @throws CodeLlamaError like `CodeLlama.load` and `generate`; or the signal's reason
   */
  async measure(options: TunedOptions, wanted: readonly Measure[]): Promise<Speeds> {
    const llama = await load(this.#subject, options, contextSize(this.work));
    try {
      const decodes = wanted.includes("decode");
      return {
        ...(decodes || wanted.includes("prefill") ? await this.#measureOne(llama, decodes) : {}),
        ...(wanted.includes("streams") ? await this.#measureStreams(llama) : {}),
      };
    } finally {
      await llama.close();
    }
  }

  /** Measures a prompt, and one stream after it if `decodes` is true. */
  async #measureOne(llama: CodeLlama, decodes: boolean): Promise<Speeds> {
    const { promptTokens, newTokens } = this.work;
    const seconds = this.#subject.seconds * (decodes ? 2 : 1);
    const runs = await this.#repeat(seconds, "sequence", (timeoutMs) =>
      this.#generate(llama, promptTokens, decodes ? newTokens : 1, timeoutMs),
    );
    const prefill = median(runs.map(prefillSpeed));
    if (!decodes) return { prefill };
    const decode = median(runs.map(({ result }) => result.timings.decodeTokensPerSecond));
    return { prefill, decode };
  }

  /** Measures the new tokens of all streams per second until the last stream ends. */
  async #measureStreams(llama: CodeLlama): Promise<Speeds> {
    const { streams, streamPromptTokens, streamNewTokens } = this.work;
    const runs = await this.#repeat(this.#subject.seconds, "streams", async (timeoutMs) => {
      const began = performance.now();
      const all = await Promise.all(
        Array.from({ length: streams }, () =>
          this.#generate(llama, streamPromptTokens, streamNewTokens, timeoutMs),
        ),
      );
      const tokens = all.reduce((sum, { result }) => sum + result.usage.completionTokens, 0);
      return (1000 * tokens) / (performance.now() - began);
    });
    return { streams: median(runs) };
  }

  /** Runs once, and again until the time is over. */
  async #repeat<Result>(
    seconds: number,
    kind: "sequence" | "streams",
    run: (timeoutMs: number | undefined) => Promise<Result>,
  ): Promise<Result[]> {
    const first = this.#firstTimes.get(kind);
    const timeoutMs = first === undefined ? undefined : Math.ceil(patience * first);
    const began = performance.now();
    const results: Result[] = [];
    do {
      results.push(await run(timeoutMs));
      if (!this.#firstTimes.has(kind)) this.#firstTimes.set(kind, performance.now() - began);
    } while (results.length < mostRepetitions && performance.now() - began < 1000 * seconds);
    return results;
  }

  #generate(
    llama: CodeLlama,
    promptTokens: number,
    maxTokens: number,
    timeoutMs: number | undefined,
  ): Promise<Run> {
    const { signal } = this.#subject;
    return generate(llama, promptTokens, ++this.#lastSeed, {
      maxTokens,
      signal,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
  }
}

function load(
  { modelPath, fixedOptions, streams, signal }: Subject,
  options: TunedOptions,
  contextSize: number,
): Promise<CodeLlama> {
  return CodeLlama.load(modelPath, {
    ...fixedOptions,
    ...options,
    contextSize,
    parallel: streams,
    // A prefix cache or drafts would make later runs faster or slower than the first.
    prefixCache: false,
    speculation: false,
    signal,
  });
}

async function generate(
  llama: CodeLlama,
  promptTokens: number,
  seed: number,
  limits: { readonly maxTokens: number; readonly signal: AbortSignal; readonly timeoutMs?: number },
): Promise<Run> {
  const { vocabularySize, specialTokens } = llama.model;
  const prompt = randomPrompt(promptTokens, seed, vocabularySize, specialTokens.bos);
  const began = performance.now();
  const result = await llama.generate(prompt, { ...limits, temperature: 0, ignoreEos: true });
  return { result, elapsedMs: performance.now() - began };
}

/** Prefill speed of a run. For an unfinished prompt, an upper bound. */
function prefillSpeed({ result, elapsedMs }: Run): number {
  const { usage, timings } = result;
  if (usage.completionTokens > 0) return timings.prefillTokensPerSecond;
  return (1000 * usage.promptTokens) / elapsedMs;
}
