import type { RequestFunction, Script } from "../generation.ts";
import type { Answer } from "../result.ts";

/** How many answers to make of one prompt, and how many of them to give. */
export interface ChoiceCounts {
  readonly n: number;
  readonly bestOf: number;
  /** The logprobs that rank the answers stay in them. */
  readonly keepLogprobs: boolean;
}

/**
 * Runs a script `bestOf` times side by side. The prompt is computed once; seeds count up from the
 * call's. With `bestOf` above `n` nothing is shown before the `n` best are known: those of the
 * highest mean log-probability (Codex, arXiv 2107.03374, section 3.3).
 */
export function choices<Result extends Answer>(
  { n, bestOf, keepLogprobs }: ChoiceCounts,
  group: number,
  script: (request: RequestFunction) => Promise<Result>,
): Script<Result> {
  if (bestOf === 1) return script;
  const ranked = bestOf > n;
  return async (request, show) => {
    const run = (index: number) =>
      script((call, { filter } = {}) =>
        request(
          {
            ...call,
            group,
            seed: (call.seed + index) % seeds,
            logprobs: ranked ? (call.logprobs ?? 0) : call.logprobs,
          },
          { filter, index, held: ranked },
        ),
      );
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

/** An empty answer comes last: nothing speaks for it. */
function meanLogprob({ logprobs = [] }: Answer): number {
  if (logprobs.length === 0) return Number.NEGATIVE_INFINITY;
  return logprobs.reduce((sum, each) => sum + each.logprob, 0) / logprobs.length;
}
