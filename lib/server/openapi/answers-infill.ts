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
    content: z.string().describe("Empty at a stream's end: its pieces had it"),
    stop: z.literal(true),
    model: z.string(),
    stop_type: z.enum(["eos", "limit", "word"]),
    stopping_word: z.string().describe("Empty where none ended it"),
    tokens_predicted: count,
    tokens_evaluated: count,
    tokens_cached: count,
    truncated: z.literal(false),
    timings,
  }),
);

// Names of inner fields stay as they were asked for: "timings/prompt_n".
const innerFields = Object.fromEntries(
  Object.entries(timings.shape).map(([name, schema]) => [`timings/${name}`, schema]),
);

const selection = named(
  "InfillSelection",
  z
    .object({ ...whole.shape, ...innerFields })
    .partial()
    .describe("With response_fields"),
);

const one = z.union([whole, selection]);

/** Of `POST /infill`. */
export const infillAnswer = named(
  "InfillAnswer",
  z.union([one, z.array(one)]).describe("An array where n_cmpl is above 1"),
);

const piece = named(
  "InfillPiece",
  z.object({ index: count, content: z.string(), stop: z.literal(false) }),
);

/** An event of its stream: pieces, then each answer's end. */
export const infillEvent = named("InfillEvent", z.union([piece, one]));
