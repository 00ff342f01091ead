import { types } from "node:util";
import { promptLength } from "../../engine/port.ts";
import { CodeLlamaError } from "../../errors.ts";
import type { EngineCall } from "../../generation.ts";
import type { RemoteFacts } from "./dialect.ts";

/** Every option that a remote must honour; `timeoutMs` is kept here, and `group` is a hint. */
type OptionName = Exclude<keyof EngineCall, "prompt" | "group" | "timeoutMs">;

/** An option's value as fields of a body; undefined for a value that cannot be said. */
type Word<Value> = (value: Value, call: EngineCall, facts: RemoteFacts) => object | undefined;

/** A dialect's words: an option without one cannot be had. */
export type OptionWords = {
  readonly [Name in OptionName]?: Word<NonNullable<EngineCall[Name]>> | undefined;
};

// What is so if nobody says otherwise. Remotes have defaults of their own, so these are said too.
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

// These change nothing, and need no word.
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
 * A call's options in a dialect's words.
 * @throws CodeLlamaError `CAPABILITY_MISSING` for an option that it has no word for
 */
export function optionFields(
  call: EngineCall,
  words: OptionWords,
  facts: RemoteFacts,
  remote: string,
): object {
  const said: EngineCall = { ...call };
  const values: Record<string, unknown> = { ...standard, ...definedOf(said) };
  const fields: Record<string, unknown> = {};
  for (const name of optionNames) {
    const value = values[name];
    if (value === undefined) continue;
    const word = words[name] as Word<unknown> | undefined;
    const spoken = word?.(value, call, facts);
    if (spoken !== undefined) Object.assign(fields, spoken);
    else if (value !== neutral[name]) throw missing(name, call, remote);
  }
  return fields;
}

/** A word that is the option's value under another name. */
export const named =
  (name: string): Word<unknown> =>
  (value) => ({ [name]: value });

/** New tokens that fit, as far as that is known. */
export function roomFor(value: number, call: EngineCall, facts: RemoteFacts): number {
  return types.isInt32Array(call.prompt)
    ? Math.min(value, facts.contextSize - promptLength(call.prompt))
    : value;
}

/**
 * Biases in OpenAI's range, where -100 forbids a token. Others cannot be said.
 */
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
    `${publicName(name, call)}: ${remote} cannot do that, or not with this value`,
  );
}

/** The option as the caller knows it. */
function publicName(name: OptionName, { structure }: EngineCall): string {
  if (name === "structure") return structure?.isJsonSchema === true ? "jsonSchema" : "grammar";
  if (name === "maxRepeats") return "repetition";
  if (name === "loraScales") return "loras";
  if (name === "promptState") return "savePrefix()";
  if (name === "embedding") return "embed()";
  return name;
}
