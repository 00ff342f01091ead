import { RequestOutput } from "../engine/output.ts";
import { type EnginePort, type TextFilter, tokensOf, type Vocabulary } from "../engine/port.ts";
import type { RequestCall, RunRequest, Script } from "../jobs/job.ts";
import type { FinishReason } from "../native/binding.ts";
import {
  type Answer,
  type GenerationResult,
  type RequestResult,
  type TokenLogprob,
  type TokenLogprobs,
  toResult,
} from "../result.ts";

/** How to search. */
export interface BeamOptions {
  readonly beams: number;
  /** Answers to give. */
  readonly n: number;
  readonly lengthPenalty: number;
}

/** A text under way, or a whole one. */
interface Hypothesis {
  readonly tokens: readonly TokenLogprobs[];
  /** Sum of the log-probabilities, with that of the end where it has one. */
  readonly sum: number;
  /** Tokens that the sum is of. */
  readonly length: number;
  readonly finishReason: FinishReason;
  readonly stopString?: string;
}

/**
 * Runs a script with beam search in place of its request. The prefix cache keeps what the texts
 * under way have in common, so that each of them costs one token a step.
 */
export function beamSearch(
  engine: EnginePort,
  options: BeamOptions,
  script: (runRequest: RunRequest) => Promise<GenerationResult>,
): Script<GenerationResult> {
  return ({ compute, show }) =>
    script(async (call, filter) => {
      const search = new BeamSearch(engine, options, call, compute);
      const answers = await search.run(filter);
      for (const [index, { text, tokens }] of answers.entries()) {
        show({ text, tokens: [...tokens], index });
      }
      const [first] = answers;
      if (first === undefined) throw new RangeError("no beams");
      return options.n === 1 ? first : { ...first, choices: answers };
    });
}

class BeamSearch {
  readonly #engine: EnginePort;
  readonly #options: BeamOptions;
  readonly #call: RequestCall;
  /** Known after the first step. */
  #prompt: Int32Array | undefined;
  readonly #request: RunRequest;
  readonly #vocabulary: Vocabulary;
  readonly #ends: ReadonlySet<number>;
  readonly #started = performance.now();
  #first: RequestResult | undefined;

  constructor(engine: EnginePort, options: BeamOptions, call: RequestCall, request: RunRequest) {
    this.#engine = engine;
    this.#vocabulary = engine.vocabulary("beams");
    this.#options = options;
    this.#call = call;
    this.#request = request;
    this.#ends = new Set([...engine.model.endOfGenerationTokens, ...(call.stopTokens ?? [])]);
  }

  /** The best answers, best first. */
  async run(filter: (() => TextFilter) | undefined): Promise<Answer[]> {
    const { beams, n } = this.#options;
    let open: Hypothesis[] = [{ tokens: [], sum: 0, length: 0, finishReason: "length" }];
    const whole: Hypothesis[] = [];
    for (let length = 0; length < this.#lengthLimit() && open.length > 0; length++) {
      const steps = await Promise.all(open.map((hypothesis) => this.#step(hypothesis)));
      const cut = steps.find(({ finishReason }) => finishReason !== "length");
      if (cut !== undefined) {
        open = open.map((each) => ({ ...each, finishReason: cut.finishReason }));
        break;
      }
      const next = steps.flatMap(({ hypotheses }) => hypotheses).sort((a, b) => b.sum - a.sum);
      open = [];
      for (const [rank, hypothesis] of next.entries()) {
        if (hypothesis.finishReason === "length") open.push(hypothesis);
        else if (rank < beams) whole.push(hypothesis);
        if (open.length === beams) break;
      }
      whole.sort((a, b) => this.#score(b) - this.#score(a));
      if (this.#isDecided(whole, open)) {
        open = [];
      }
    }
    const best = [...whole, ...open].sort((a, b) => this.#score(b) - this.#score(a));
    return best.slice(0, n).map((hypothesis) => this.#answer(hypothesis, filter));
  }

  #lengthLimit(): number {
    return Math.min(this.#call.maxTokens, this.#engine.contextSize - (this.#prompt?.length ?? 0));
  }

  /** No text under way can get better than the whole ones. */
  #isDecided(whole: readonly Hypothesis[], open: readonly Hypothesis[]): boolean {
    const last = whole[this.#options.beams - 1];
    const [leader] = open;
    return leader === undefined || (last !== undefined && this.#score(leader) <= this.#score(last));
  }

  #score({ sum, length }: Hypothesis): number {
    return sum / Math.max(1, length) ** this.#options.lengthPenalty;
  }

  async #encode(stop: AbortSignal): Promise<Int32Array> {
    if (this.#prompt !== undefined) return this.#prompt;
    const { prompt } = this.#call;
    const made = typeof prompt === "function" ? await prompt(stop) : prompt;
    this.#prompt = tokensOf(made);
    return this.#prompt;
  }

  /** The likeliest continuations by one token. */
  async #step(
    hypothesis: Hypothesis,
  ): Promise<{ finishReason: FinishReason; hypotheses: Hypothesis[] }> {
    const result = await this.#request({
      ...this.#call,
      prompt: async (stop) => followedBy(await this.#encode(stop), hypothesis.tokens),
      maxTokens: 1,
      stop: undefined,
      stopTokens: undefined,
      temperature: 0,
      // Else the model's wish to end would end the request, and nothing else be known of it.
      ignoreEos: true,
      // Some of them may be ends, and there must be enough others.
      logprobs: this.#options.beams + Math.max(this.#options.beams, this.#ends.size),
    });
    this.#first ??= result;
    const top = result.logprobs?.[0]?.top ?? [];
    const hypotheses = top.map((token) => this.#continue(hypothesis, token, top));
    return { finishReason: result.finishReason, hypotheses };
  }

  #continue(
    { tokens, sum, length }: Hypothesis,
    token: TokenLogprob,
    top: readonly TokenLogprob[],
  ): Hypothesis {
    const longer = { sum: sum + token.logprob, length: length + 1 };
    if (this.#ends.has(token.token)) return { ...longer, tokens, finishReason: "stop" };
    const all = [...tokens, { ...token, top }];
    const stopString = this.#stopString(all);
    if (stopString === undefined) return { ...longer, tokens: all, finishReason: "length" };
    return { ...longer, tokens: all, finishReason: "stop", stopString };
  }

  #stopString(tokens: readonly TokenLogprobs[]): string | undefined {
    const { stop } = this.#call;
    if (stop === undefined || stop.length === 0) return undefined;
    const text = this.#text(tokens);
    return stop.find((each) => text.includes(each));
  }

  #answer(
    { tokens, finishReason, stopString }: Hypothesis,
    filter: (() => TextFilter) | undefined,
  ): Answer {
    const text = this.#text(tokens);
    const end = stopString === undefined ? text.length : text.indexOf(stopString);
    const output = new RequestOutput(filter?.());
    const count = this.#call.logprobs ?? 0;
    output.take({
      type: "text",
      id: 0,
      text: text.slice(0, end),
      tokens: tokens.map(({ token }) => token),
      logprobs: tokens.map((each) => ({ ...each, top: each.top.slice(0, count) })),
    });
    output.finish();
    const { usage, timings } = this.#first ?? { usage: noUsage, timings: noTimings };
    const passed = performance.now() - this.#started;
    return toResult(this.#call, output, {
      ...usage,
      ...timings,
      finishReason,
      stopString: stopString ?? "",
      completionTokens: tokens.length,
      decodeMs: Math.max(0, passed - timings.queuedMs - timings.prefillMs),
    });
  }

  /** Tokens as they stand inside a text. */
  #text(tokens: readonly TokenLogprobs[]): string {
    const [before = 0] = this.#vocabulary.tokenize("a", false, false).slice(-1);
    const ids = followedBy(Int32Array.of(before), tokens);
    return this.#vocabulary.detokenize(ids, false).slice(1);
  }
}

function followedBy(start: Int32Array, tokens: readonly TokenLogprobs[]): Int32Array {
  const all = new Int32Array(start.length + tokens.length);
  all.set(start);
  for (const [index, { token }] of tokens.entries()) all[start.length + index] = token;
  return all;
}

const noUsage = { promptTokens: 0, cachedTokens: 0, draftTokens: 0, acceptedTokens: 0 };
const noTimings = { queuedMs: 0, prefillMs: 0 };
