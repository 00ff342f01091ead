import { type FieldWriters, named } from "./option-fields.ts";
import { structureWriter } from "./structure-writer.ts";

/** Request fields that llama-server and node-codellama share. */
export const llamaFields: FieldWriters = {
  temperature: named("temperature"),
  topP: named("top_p"),
  topK: named("top_k"),
  minP: named("min_p"),
  typicalP: named("typical_p"),
  repeatPenalty: named("repeat_penalty"),
  frequencyPenalty: named("frequency_penalty"),
  presencePenalty: named("presence_penalty"),
  penaltyLastN: named("repeat_last_n"),
  dry: (value, _call, { contextSize }) => {
    const { multiplier, base, allowedLength, lastN = -1, sequenceBreakers } = value as DryFields;
    return present({
      dry_multiplier: multiplier,
      dry_base: base,
      dry_allowed_length: allowedLength,
      dry_penalty_last_n: lastN < 0 ? contextSize : lastN,
      dry_sequence_breakers: sequenceBreakers,
    });
  },
  xtc: (value) => {
    const { probability, threshold } = value as { probability: number; threshold?: number };
    return present({ xtc_probability: probability, xtc_threshold: threshold });
  },
  mirostat: (value) => {
    const { version, tau, eta } = value as { version: number; tau?: number; eta?: number };
    return present({ mirostat: version, mirostat_tau: tau, mirostat_eta: eta });
  },
  seed: named("seed"),
  stop: named("stop"),
  prefixCache: named("cache_prompt"),
  structure: structureWriter({
    gbnf: ({ text }) => ({ grammar: text }),
    jsonSchema: ({ text }) => ({ json_schema: JSON.parse(text) }),
  }),
};

interface DryFields {
  readonly multiplier: number;
  readonly base?: number;
  readonly allowedLength?: number;
  readonly lastN?: number;
  readonly sequenceBreakers?: readonly string[];
}

function present(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
