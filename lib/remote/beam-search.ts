import type { EngineCall, RequestOutcome, RunningRequest, Vocabulary } from "../engine/port.ts";
import type {
  FinishReason,
  NativeBeam,
  NativeBeamSearch,
  NativeTokenLogprob,
  NativeTokenLogprobs,
} from "../native/binding.ts";

/** A beam search call whose prompt is tokens. */
export type BeamCall = EngineCall & {
  readonly prompt: Int32Array;
  readonly beamSearch: NativeBeamSearch;
};

export interface BeamEngine {
  readonly vocabulary: Vocabulary;
  /** Tokens that end a text. */
  readonly ends: readonly number[];
  /** Maximum number of tokens of the prompt and a text together. */
  readonly contextSize: number;
  /** Runs one step. `onLogprobs` gets the logprobs of its token. */
  run(
    call: EngineCall,
    onLogprobs: (logprobs: readonly NativeTokenLogprobs[]) => void,
  ): RunningRequest;
}

/** A text of the search, unfinished while its finish reason is `"length"`. */
interface Hypothesis {
  readonly tokens: readonly NativeTokenLogprobs[];
  /** Sum of the log-probabilities, including that of an end token. */
  readonly sum: number;
  /** Number of tokens in the sum. */
  readonly length: number;
  readonly finishReason: FinishReason;
  readonly stopString: string;
}

/**
 * Beam search over a server that only samples: each step asks for one token of each unfinished text,
 * with the logprobs of its alternatives. The server's prefix cache makes a step cost one token.
 */
export class RemoteBeamSearch implements RunningRequest {
  readonly outcome: Promise<RequestOutcome>;
  readonly #call: BeamCall;
  readonly #engine: BeamEngine;
  readonly #ends: ReadonlySet<number>;
  readonly #steps = new Set<RunningRequest>();
  readonly #startedAt = performance.now();
  #cancelled = false;
  #first: RequestOutcome | undefined;

  constructor(call: BeamCall, engine: BeamEngine) {
    this.#call = call;
    this.#engine = engine;
    this.#ends = new Set([...engine.ends, ...(call.stopTokens ?? [])]);
    this.outcome = this.#run();
  }

  cancel(): void {
    this.#cancelled = true;
    for (const step of this.#steps) step.cancel();
  }

  /** Does nothing: the search reports no text before its end. */
  setPaused(): void {}

  async #run(): Promise<RequestOutcome> {
    const { n } = this.#call.beamSearch;
    const { finished, open } = await this.#search();
    const best = this.#ranked([...finished, ...open]).slice(0, n);
    const decodeMs = performance.now() - this.#startedAt;
    const beams = best.map((hypothesis) => this.#beam(hypothesis));
    const [leader] = beams;
    return {
      ...(this.#first ?? emptyOutcome),
      finishReason: leader?.finishReason ?? "abort",
      stopString: leader?.stopString ?? "",
      completionTokens: leader?.tokens.length ?? 0,
      decodeMs,
      beams,
    };
  }

  async #search(): Promise<{ finished: Hypothesis[]; open: Hypothesis[] }> {
    const { beams } = this.#call.beamSearch;
    const finished: Hypothesis[] = [];
    let open: Hypothesis[] = [
      { tokens: [], sum: 0, length: 0, finishReason: "length", stopString: "" },
    ];
    const room = this.#engine.contextSize - this.#call.prompt.length;
    const maxTokens = Math.min(this.#call.maxTokens, room);
    for (let length = 0; length < maxTokens && open.length > 0; length++) {
      const steps = await Promise.all(open.map((each) => this.#step(each)));
      const interrupted = steps.find(({ finishReason }) => finishReason !== "length");
      if (interrupted !== undefined) {
        const { finishReason } = interrupted;
        return { finished, open: open.map((each) => ({ ...each, finishReason })) };
      }
      const next = steps.flatMap(({ longer }) => longer).sort((a, b) => b.sum - a.sum);
      open = [];
      for (const [rank, hypothesis] of next.entries()) {
        if (hypothesis.finishReason === "length") open.push(hypothesis);
        else if (rank < beams) finished.push(hypothesis);
        if (open.length === beams) break;
      }
      if (this.#isDecided(finished, open)) open = [];
    }
    return { finished, open };
  }

  /** Whether no unfinished text can become better than the finished ones. */
  #isDecided(finished: readonly Hypothesis[], open: readonly Hypothesis[]): boolean {
    const last = this.#ranked(finished)[this.#call.beamSearch.beams - 1];
    const [leader] = open;
    return leader === undefined || (last !== undefined && this.#score(leader) <= this.#score(last));
  }

  #ranked(hypotheses: readonly Hypothesis[]): Hypothesis[] {
    return hypotheses.toSorted((a, b) => this.#score(b) - this.#score(a));
  }

  #score({ sum, length }: Hypothesis): number {
    return sum / Math.max(1, length) ** this.#call.beamSearch.lengthPenalty;
  }

  /** The most probable continuations of a text by one token. */
  async #step(
    hypothesis: Hypothesis,
  ): Promise<{ finishReason: FinishReason; longer: Hypothesis[] }> {
    if (this.#cancelled) return { finishReason: "abort", longer: [] };
    const { beamSearch, timeoutMs, ...call } = this.#call;
    const remainingMs = timeoutMs && timeoutMs - (performance.now() - this.#startedAt);
    if (remainingMs !== undefined && remainingMs <= 0)
      return { finishReason: "timeout", longer: [] };
    let logprobs: readonly NativeTokenLogprobs[] = [];
    const step = this.#engine.run(
      {
        ...call,
        prompt: followedBy(this.#call.prompt, hypothesis.tokens),
        maxTokens: 1,
        timeoutMs: remainingMs && Math.ceil(remainingMs),
        stop: undefined,
        stopTokens: undefined,
        temperature: 0,
        // Otherwise an end token would end the request without the logprobs of the others.
        ignoreEos: true,
        // Some of them may be end tokens, and enough others must remain.
        logprobs: beamSearch.beams + Math.max(beamSearch.beams, this.#ends.size),
      },
      (more) => {
        logprobs = [...logprobs, ...more];
      },
    );
    this.#steps.add(step);
    try {
      const outcome = await step.outcome;
      this.#first ??= outcome;
      const top = logprobs[0]?.top ?? [];
      const longer = top.map((token) => this.#continue(hypothesis, token, top));
      return { finishReason: outcome.finishReason, longer };
    } finally {
      this.#steps.delete(step);
    }
  }

  #continue(
    { tokens, sum, length }: Hypothesis,
    token: NativeTokenLogprob,
    top: readonly NativeTokenLogprob[],
  ): Hypothesis {
    const longer = { sum: sum + token.logprob, length: length + 1 };
    const ended = { tokens, finishReason: "stop", stopString: "" } as const;
    if (this.#ends.has(token.token)) return { ...longer, ...ended };
    const all = [...tokens, { ...token, top }];
    const stopString = this.#stopString(all);
    const finishReason = stopString === "" ? "length" : "stop";
    return { ...longer, tokens: all, finishReason, stopString };
  }

  /** The stop string that ends first in a text, or `""`. */
  #stopString(tokens: readonly NativeTokenLogprobs[]): string {
    const { stop = [] } = this.#call;
    if (stop.length === 0) return "";
    const text = this.#text(tokens);
    const found = stop
      .map((each) => ({ each, end: text.indexOf(each) + each.length, at: text.indexOf(each) }))
      .filter(({ at }) => at >= 0)
      .sort((a, b) => a.end - b.end || a.at - b.at);
    return found[0]?.each ?? "";
  }

  #beam({ tokens, finishReason, stopString }: Hypothesis): NativeBeam {
    const text = this.#text(tokens);
    const end = stopString === "" ? text.length : text.indexOf(stopString);
    const count = this.#call.logprobs ?? 0;
    return {
      finishReason,
      stopString,
      text: text.slice(0, end),
      tokens: tokens.map(({ token }) => token),
      logprobs: tokens.map((each) => ({ ...each, top: each.top.slice(0, count) })),
    };
  }

  /** The text of tokens inside a text, not at its start. */
  #text(tokens: readonly NativeTokenLogprobs[]): string {
    const { vocabulary } = this.#engine;
    const [before = 0] = vocabulary.tokenize("a", false, false).slice(-1);
    return vocabulary.detokenize(followedBy(Int32Array.of(before), tokens), false).slice(1);
  }
}

function followedBy(start: Int32Array, tokens: readonly NativeTokenLogprobs[]): Int32Array {
  const all = new Int32Array(start.length + tokens.length);
  all.set(start);
  for (const [index, { token }] of tokens.entries()) all[start.length + index] = token;
  return all;
}

const emptyOutcome = {
  promptTokens: 0,
  cachedTokens: 0,
  draftTokens: 0,
  acceptedTokens: 0,
  queuedMs: 0,
  prefillMs: 0,
};
