import { types } from "node:util";
import type { EngineCall } from "../../engine/port.ts";
import { promptLength } from "../../engine/port.ts";
import { CodeLlamaError } from "../../errors.ts";
import { structureOptionOf } from "../../options/structure.ts";
import type { RemoteFacts } from "./dialect.ts";
import { ownJsonOption } from "./own-json.ts";

/**
 * Options that a remote must honour. This process enforces `timeoutMs`, `patterns` and `dedentBelow`,
 * and `group` is a hint.
 */
type OptionName = Exclude<
  keyof EngineCall,
  "prompt" | "group" | "timeoutMs" | "patterns" | "dedentBelow"
>;

/** Writes an option's value as request fields; undefined if the server cannot express the value. */
export type FieldWriter<Value> = (
  value: Value,
  call: EngineCall,
  facts: RemoteFacts,
) => object | undefined;

/** The field writers of a dialect. The server does not support an option without a writer. */
export type FieldWriters = {
  readonly [Name in OptionName]?: FieldWriter<NonNullable<EngineCall[Name]>> | undefined;
};

// Our defaults. They are always sent, because a remote has defaults of its own.
const standard = {
  temperature: 0.2,
  topP: 0.95,
  topK: 0,
  minP: 0,
  typicalP: 1,
  repeatPenalty: 1,
  frequencyPenalty: 0,
  presencePenalty: 0,
} as const;

// Values that change nothing. They need no writer.
const neutral: { readonly [Name in OptionName]?: EngineCall[Name] } = {
  ...standard,
  temperature: undefined,
  topP: 1,
  priority: "normal",
  ignoreEos: false,
  tokenHealing: false,
  prefixCache: true,
  promptLogprobs: false,
  promptState: false,
};

const optionNames: readonly OptionName[] = [
  "maxTokens",
  "temperature",
  "topP",
  "topK",
  "minP",
  "typicalP",
  "repeatPenalty",
  "frequencyPenalty",
  "presencePenalty",
  "penaltyLastN",
  "dry",
  "xtc",
  "mirostat",
  "logitBias",
  "seed",
  "stop",
  "stopTokens",
  "prefixCache",
  "structure",
  "logprobs",
  "promptLogprobs",
  "priority",
  "maxRepeats",
  "ignoreEos",
  "tokenHealing",
  "loraScales",
  "promptState",
  "embedding",
];

/**
 * Writes the options of a call as the request fields of a dialect.
 * @param remote - name of the server for error messages
 * @throws CodeLlamaError `CAPABILITY_MISSING` for an option that the server does not support
 */
export function optionFields(
  call: EngineCall,
  writers: FieldWriters,
  facts: RemoteFacts,
  remote: string,
): object {
  const values: Record<string, unknown> = { ...standard, ...definedOf(call) };
  const fields: Record<string, unknown> = {};
  for (const name of optionNames) {
    const value = values[name];
    if (value === undefined) continue;
    const write = writers[name] as FieldWriter<unknown> | undefined;
    const written = write?.(value, call, facts);
    if (written !== undefined) Object.assign(fields, written);
    else if (value !== neutral[name]) throw missing(name, call, remote);
  }
  return fields;
}

/** Writes the option's value unchanged, as the field `name`. */
export const named =
  (name: string): FieldWriter<unknown> =>
  (value) => ({ [name]: value });

/** Returns `value`, or fewer tokens if the context window is known and has less room. */
export function roomFor(value: number, call: EngineCall, facts: RemoteFacts): number {
  return types.isInt32Array(call.prompt)
    ? Math.min(value, facts.contextSize - promptLength(call.prompt))
    : value;
}

/** Writes biases in OpenAI's range, where -100 forbids a token. Undefined for biases beyond it. */
export function openaiBias(pairs: readonly (readonly [number, number])[]): object | undefined {
  const inRange = pairs.every(
    ([, bias]) => bias === Number.NEGATIVE_INFINITY || Math.abs(bias) < 100,
  );
  if (!inRange) return undefined;
  return {
    logit_bias: Object.fromEntries(pairs.map(([token, bias]) => [token, Math.max(bias, -100)])),
  };
}

function definedOf(call: EngineCall): object {
  return Object.fromEntries(Object.entries(call).filter(([, value]) => value !== undefined));
}

function missing(name: OptionName, call: EngineCall, remote: string): CodeLlamaError {
  return new CodeLlamaError(
    "CAPABILITY_MISSING",
    `${publicName(name, call)}: ${remote} does not support this option or this value`,
  );
}

/** Returns the name of the option in the public API. */
function publicName(name: OptionName, { structure }: EngineCall): string {
  if (name === "structure" && structure !== undefined) {
    return ownJsonOption(structure) ?? structureOptionOf[structure.kind];
  }
  if (name === "maxRepeats") return "repetition";
  if (name === "loraScales") return "loras";
  if (name === "promptState") return "savePrefix()";
  if (name === "embedding") return "embed()";
  return name;
}
