import type { EnginePort } from "../engine/port.ts";
import type { RunRequest, Script } from "../jobs/job.ts";
import type { Answer } from "../result.ts";

/** How many answers to generate for one prompt, and how many of them to return. */
export interface ChoiceCounts {
  readonly n: number;
  readonly bestOf: number;
  /** Whether the answers keep the log-probabilities that ranked them. */
  readonly keepLogprobs: boolean;
}

/**
 * Generates `bestOf` answers at the same time. The engine computes the prompt once, and the answers
 * use the seeds `seed`, `seed + 1`, … If `bestOf` is greater than `n`, the reader sees the answers at
 * the end: the `n` with the highest mean log-probability (Codex, arXiv 2107.03374, section 3.3).
 */
export function choices<Result extends Answer>(
  engine: EnginePort,
  { n, bestOf, keepLogprobs }: ChoiceCounts,
  answer: (runRequest: RunRequest) => Promise<Result>,
): Script<Result> {
  if (bestOf === 1) return ({ stream }) => answer(stream(0));
  const ranked = bestOf > n;
  const group = engine.newGroup();
  return async ({ stream, compute, show }) => {
    const run = (index: number) => {
      const runRequest = ranked ? compute : stream(index);
      return answer((call, newFilter) => {
        const seed = (call.seed + index) % seeds;
        const logprobs = ranked ? (call.logprobs ?? 0) : call.logprobs;
        return runRequest({ ...call, group, seed, logprobs }, newFilter);
      });
    };
    const all = await Promise.all(Array.from({ length: bestOf }, (_, index) => run(index)));
    const best = ranked ? likeliest(all, n, keepLogprobs) : all;
    if (ranked) {
      for (const [index, { text, tokens, logprobs, promptLogprobs }] of best.entries()) {
        show({
          text,
          tokens: [...tokens],
          index,
          ...(logprobs && { logprobs }),
          ...(promptLogprobs && { promptLogprobs }),
        });
      }
    }
    const [first] = best;
    if (first === undefined) throw new RangeError("no choices");
    return { ...first, choices: best };
  };
}

const seeds = 2 ** 32 - 1;

function likeliest<Result extends Answer>(
  all: readonly Result[],
  count: number,
  keepLogprobs: boolean,
): readonly Result[] {
  const best = all.toSorted((a, b) => meanLogprob(b) - meanLogprob(a)).slice(0, count);
  if (keepLogprobs) return best;
  return best.map((result) => {
    const { logprobs: _, ...rest } = result;
    return rest as Result;
  });
}

/** An empty answer has no log-probability and ranks last. */
function meanLogprob({ logprobs = [] }: Answer): number {
  if (logprobs.length === 0) return Number.NEGATIVE_INFINITY;
  return logprobs.reduce((sum, each) => sum + each.logprob, 0) / logprobs.length;
}
