import type { NativeRequest } from "../native/binding.ts";
import type {
  DryOptions,
  MirostatOptions,
  SamplingOptions,
  XtcOptions,
} from "../native/sampling-options.ts";
import { either, integer, listOf, number, oneOf, required, text } from "./check.ts";
import type { NativeTable, OptionTable } from "./table.ts";

const lookBack = either(oneOf(-1), integer(0, 2 ** 31 - 1));

const dryTable = {
  multiplier: {
    rule: required(number(0, 100)),
    off: [0],
    field: "dry_multiplier",
    doc: "set the strength of the penalty",
  },
  base: {
    rule: number(1, 10),
    default: 1.75,
    off: "always",
    field: "dry_base",
    doc: "set how the penalty grows with the repetition",
  },
  allowedLength: {
    rule: integer(0, 1000),
    default: 2,
    off: "always",
    field: "dry_allowed_length",
    doc: "allow repetitions of this many tokens",
  },
  lastN: {
    rule: lookBack,
    default: -1,
    off: "always",
    field: "dry_penalty_last_n",
    doc: "search this many last tokens; -1 is all",
  },
  sequenceBreakers: {
    rule: listOf(text, 64),
    default: ["\n", ":", '"', "*"],
    off: "always",
    field: "dry_sequence_breakers",
    doc: "end repetitions at these texts",
  },
} as const satisfies OptionTable<DryOptions>;

const xtcTable = {
  probability: {
    rule: required(number(0, 1)),
    off: [0],
    field: "xtc_probability",
    doc: "apply with this probability",
  },
  threshold: {
    rule: number(0, 1),
    default: 0.1,
    off: "always",
    field: "xtc_threshold",
    doc: "treat tokens from this probability as likely",
  },
} as const satisfies OptionTable<XtcOptions>;

const mirostatTable = {
  version: {
    rule: required(oneOf(1, 2)),
    off: [0],
    field: "mirostat",
    doc: "choose the version of the algorithm; 0 is off",
  },
  tau: {
    rule: number(0, 100),
    default: 5,
    off: "always",
    field: "mirostat_tau",
    doc: "set the target cross-entropy",
  },
  eta: {
    rule: number(0, 1),
    default: 0.1,
    off: "always",
    field: "mirostat_eta",
    doc: "set the learning rate",
  },
} as const satisfies OptionTable<MirostatOptions>;

/** The sampling options of `generate`, `infill` and `chat`. */
export const samplingTable = {
  temperature: {
    rule: number(0, 100),
    native: "same",
    default: 0.2,
    field: "temperature",
    flag: { value: "number" },
    doc: "set the randomness; 0 takes the most likely token",
  },
  topP: {
    rule: number(0, 1),
    native: "same",
    default: 0.95,
    off: [1],
    field: "top_p",
    flag: { value: "share" },
    doc: "keep the most likely tokens up to this probability",
  },
  topK: {
    rule: integer(0, 2 ** 31 - 1),
    native: "same",
    default: 0,
    off: [0, -1],
    field: "top_k",
    flag: { value: "number" },
    doc: "keep this many of the most likely tokens",
  },
  minP: {
    rule: number(0, 1),
    native: "same",
    default: 0,
    off: [0],
    field: "min_p",
    flag: { value: "share" },
    doc: "drop tokens below this share of the top probability",
  },
  typicalP: {
    rule: number(0, 1),
    native: "same",
    default: 1,
    off: [1],
    field: "typical_p",
    doc: "keep typical tokens up to this probability",
  },
  repeatPenalty: {
    rule: number(0.01, 100),
    native: "same",
    default: 1,
    off: [1],
    field: "repeat_penalty",
    flag: { value: "factor" },
    doc: "divide the logits of recent tokens by this",
  },
  frequencyPenalty: {
    rule: number(-100, 100),
    native: "same",
    default: 0,
    off: [0],
    field: "frequency_penalty",
    doc: "lower logits of recent tokens once per occurrence",
  },
  presencePenalty: {
    rule: number(-100, 100),
    native: "same",
    default: 0,
    off: [0],
    field: "presence_penalty",
    doc: "lower logits of recent tokens once",
  },
  penaltyLastN: {
    rule: lookBack,
    native: "same",
    default: 64,
    off: "always",
    field: "repeat_last_n",
    doc: "apply the penalties to this many tokens; -1 is all",
  },
  dry: { options: dryTable, native: "same", doc: "lower tokens that continue a repetition" },
  xtc: { options: xtcTable, native: "same", doc: "sometimes drop the most likely tokens" },
  mirostat: { options: mirostatTable, native: "same", doc: "hold the surprise of the text" },
  seed: {
    rule: integer(0, 2 ** 32 - 2),
    native: "same",
    defaultText: "random",
    off: [-1],
    field: "seed",
    flag: { value: "number" },
    doc: "repeat the random choices of an earlier call",
  },
} as const satisfies NativeTable<Omit<SamplingOptions, "ignoreEos">, NativeRequest>;
