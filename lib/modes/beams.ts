import { RequestOutput } from "../engine/output.ts";
import type { EnginePort, TextFilter } from "../engine/port.ts";
import type { RequestCall, RunRequest, Script } from "../jobs/job.ts";
import type { NativeBeam } from "../native/binding.ts";
import { type Answer, type GenerationResult, type RequestResult, toResult } from "../result.ts";

/** Options of a beam search. */
export interface BeamOptions {
  /** Unfinished texts that the search keeps. */
  readonly beams: number;
  /** Number of answers to return. */
  readonly n: number;
  readonly lengthPenalty: number;
}

/** Runs a script with beam search in place of its request. The engine searches. */
export function beamSearch(
  engine: EnginePort,
  options: BeamOptions,
  script: (runRequest: RunRequest) => Promise<GenerationResult>,
): Script<GenerationResult> {
  return ({ compute, show }) =>
    script(async (call, newFilter) => {
      engine.vocabulary("beams");
      const group = engine.newGroup();
      const search = { ...call, group, tokenHealing: false, beamSearch: options };
      const result = await compute(search);
      // A request that ends before the engine has it returns no texts.
      if (result.beams === undefined) return result;
      const answers = result.beams.map((beam) => toAnswer(beam, call, result, newFilter));
      for (const [index, { text, tokens }] of answers.entries()) {
        show({ text, tokens: [...tokens], index });
      }
      const [first] = answers;
      if (first === undefined) throw new RangeError("a beam search returned no text");
      return options.n === 1 ? first : { ...first, choices: answers };
    });
}

function toAnswer(
  { finishReason, stopString, text, tokens, logprobs }: NativeBeam,
  call: RequestCall,
  { usage, timings }: RequestResult,
  newFilter: (() => TextFilter) | undefined,
): Answer {
  const output = new RequestOutput(newFilter?.());
  output.take({ type: "text", id: 0, text, tokens, logprobs });
  output.finish();
  const completionTokens = tokens.length;
  return toResult(call, output, {
    ...usage,
    ...timings,
    finishReason,
    stopString,
    completionTokens,
  });
}
