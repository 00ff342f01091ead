import { invalidArgument } from "../base/arguments.ts";
import type { GenerateOptions } from "../options/generate.ts";
import type { BeamOptions } from "./beams.ts";
import type { ChoiceCounts } from "./choices.ts";

/**
 * How many answers are wanted.
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export function choiceCounts(
  { n = 1, bestOf = n, logprobs }: Pick<GenerateOptions, "n" | "bestOf" | "logprobs">,
  where: string,
): ChoiceCounts {
  if (bestOf >= n) return { n, bestOf, keepLogprobs: logprobs !== undefined };
  throw invalidArgument(`${where}: bestOf must be at least n, which is ${n}, not ${bestOf}`);
}

/**
 * The search that is wanted, if one is.
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export function beamOptions(options: GenerateOptions, where: string): BeamOptions | undefined {
  const { beams, n = 1, lengthPenalty = 1 } = options;
  if (beams === undefined) {
    if (options.lengthPenalty === undefined) return undefined;
    throw invalidArgument(`${where}: lengthPenalty needs beams`);
  }
  for (const name of [
    "bestOf",
    "grammar",
    "jsonSchema",
    "promptLogprobs",
    "tokenHealing",
  ] as const) {
    if (options[name] === undefined) continue;
    throw invalidArgument(`${where}: beams and ${name} exclude each other`);
  }
  if (n <= beams) return { beams, n, lengthPenalty };
  throw invalidArgument(`${where}: n must be at most beams, which is ${beams}, not ${n}`);
}
