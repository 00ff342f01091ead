import { invalidArgument } from "../base/arguments.ts";
import type { EnginePort } from "../engine/port.ts";
import type { RunRequest, Script } from "../jobs/job.ts";
import type { GenerateOptions } from "../options/generate.ts";
import type { GenerationResult } from "../result.ts";
import { type BeamOptions, beamSearch } from "./beams.ts";
import { type ChoiceCounts, choices } from "./choices.ts";
import { withValues } from "./structured-value.ts";

/**
 * The script of a call that gives one answer, `n` answers, or the answers of a beam search.
 * @param answer - generates one answer
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export function answers(
  engine: EnginePort,
  options: GenerateOptions,
  where: string,
  answer: (runRequest: RunRequest) => Promise<GenerationResult>,
): Script<GenerationResult> {
  const beams = beamOptions(options, where);
  if (beams !== undefined) return beamSearch(engine, beams, answer);
  const script = choices(engine, choiceCounts(options, where), answer);
  return async (context) => withValues(await script(context), options.jsonSchema);
}

/**
 * How many answers the options ask for.
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export function choiceCounts(
  { n = 1, bestOf = n, logprobs }: Pick<GenerateOptions, "n" | "bestOf" | "logprobs">,
  where: string,
): ChoiceCounts {
  if (bestOf >= n) return { n, bestOf, keepLogprobs: logprobs !== undefined };
  throw invalidArgument(`${where}: bestOf must be at least n = ${n} (got ${bestOf})`);
}

/**
 * The beam search that the options ask for; undefined: none.
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
function beamOptions(options: GenerateOptions, where: string): BeamOptions | undefined {
  const { beams, n = 1, lengthPenalty = 1 } = options;
  if (beams === undefined) {
    if (options.lengthPenalty === undefined) return undefined;
    throw invalidArgument(`${where}: lengthPenalty needs beams`);
  }
  for (const name of [
    "bestOf",
    "grammar",
    "jsonSchema",
    "regex",
    "promptLogprobs",
    "tokenHealing",
  ] as const) {
    if (options[name] === undefined) continue;
    throw invalidArgument(`${where}: beams and ${name} cannot be used together`);
  }
  if (n <= beams) return { beams, n, lengthPenalty };
  throw invalidArgument(`${where}: n must be at most beams = ${beams} (got ${n})`);
}
