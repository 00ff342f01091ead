import { invalidArgument } from "../base/arguments.ts";
import { type EnginePort, noPromptLimit, tokensOf } from "../engine/port.ts";
import { Job } from "../jobs/job.ts";
import { checkOptions, checkValue } from "../options/check.ts";
import { type PerplexityOptions, perplexityRules } from "../options/perplexity.ts";
import { computeProperties } from "../options/request.ts";
import { type TextOrTokens, textOrTokens } from "../options/texts.ts";
import { textPrompt } from "./completion.ts";

export interface PerplexityResult {
  /** e to the mean negative log-likelihood. Lower means that the model predicts the text better. */
  readonly perplexity: number;
  /** Mean negative log-likelihood of the tokens, in nats. */
  readonly negativeLogLikelihood: number;
  /** Measured tokens: all except the first. */
  readonly tokens: number;
}

/** Measures how well the model predicts a text. */
export function perplexity(
  engine: EnginePort,
  text: string | Int32Array,
  options: PerplexityOptions,
): Job<PerplexityResult> {
  const where = "perplexity()";
  const given = checkValue(text, textOrTokens, `${where}: text`) as TextOrTokens;
  engine.requireContext(where);
  const whole =
    typeof given === "string"
      ? textPrompt(engine, given, `${where} of a text`, noPromptLimit)
      : () => given;
  const checked = checkOptions(options, perplexityRules, where);
  const largest = engine.contextSize - 1;
  const windowSize = checked.windowSize ?? Math.min(2048, largest);
  if (windowSize > largest) {
    throw invalidArgument(`${where}: windowSize must be at most ${largest} (got ${windowSize})`);
  }
  const call = {
    ...computeProperties(checked, engine, where),
    promptLogprobs: true,
    maxTokens: 0,
    seed: 0,
  };
  return new Job(engine, checked, async ({ compute }) => {
    let tokens: Int32Array | undefined;
    const encode = async (stop: AbortSignal) => {
      tokens ??= tokensOf(await whole(stop));
      if (tokens.length >= 2) return tokens;
      throw invalidArgument(
        `${where}: the text must have at least 2 tokens (got ${tokens.length})`,
      );
    };
    let sum = 0;
    let measured = 0;
    let start = 0;
    while (tokens === undefined || measured < tokens.length - 1) {
      const prompt = async (stop: AbortSignal) =>
        (await encode(stop)).slice(start, start + windowSize);
      const { promptLogprobs = [], finishReason } = await compute({ ...call, prompt });
      if (finishReason === "abort") break;
      const fresh = promptLogprobs.slice(measured - start);
      for (const { logprob } of fresh) sum -= logprob;
      measured += fresh.length;
      start += Math.ceil(windowSize / 2);
    }
    const mean = sum / measured;
    return { perplexity: Math.exp(mean), negativeLogLikelihood: mean, tokens: measured };
  });
}
