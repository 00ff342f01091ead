import { z } from "zod";
import { count, named } from "./answers.ts";

const some = z.number().min(0);

const timings = z.object({
  cache_n: count,
  prompt_n: count,
  prompt_ms: some,
  prompt_per_token_ms: some,
  prompt_per_second: some,
  predicted_n: count,
  predicted_ms: some,
  predicted_per_token_ms: some,
  predicted_per_second: some,
  draft_n: count,
  draft_n_accepted: count,
});

const whole = named(
  "Infill",
  z.object({
    index: count,
    content: z
      .string()
      .describe("Empty in the last event of a stream: the pieces contain the text"),
    stop: z.literal(true),
    model: z.string(),
    stop_type: z.enum(["eos", "limit", "word"]),
    stopping_word: z.string().describe("Empty if no stop string ended the answer"),
    tokens_predicted: count,
    tokens_evaluated: count,
    tokens_cached: count,
    truncated: z.literal(false),
    timings,
  }),
);

// A selected inner field keeps its path as its name: "timings/prompt_n".
const innerFields = Object.fromEntries(
  Object.entries(timings.shape).map(([name, schema]) => [`timings/${name}`, schema]),
);

const selection = named(
  "InfillSelection",
  z
    .object({ ...whole.shape, ...innerFields })
    .partial()
    .describe("The fields that response_fields selects"),
);

const one = z.union([whole, selection]);

/** Answer of `POST /infill`. */
export const infillAnswer = named(
  "InfillAnswer",
  z.union([one, z.array(one)]).describe("An array if n_cmpl is above 1"),
);

const piece = named(
  "InfillPiece",
  z.object({ index: count, content: z.string(), stop: z.literal(false) }),
);

/** Event of the stream of `POST /infill`: pieces of text, then the end of each answer. */
export const infillEvent = named("InfillEvent", z.union([piece, one]));
