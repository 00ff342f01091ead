import { type Capabilities, capabilitiesOf } from "./capabilities.ts";
import type { ModelTraits } from "./code-llama.ts";

/** The facts of a file's header that capabilities follow from. */
export interface HeaderFacts {
  readonly type: string | undefined;
  readonly architecture: string;
  readonly name: string | undefined;
  readonly layers: number | undefined;
  readonly vocabularySize: number | undefined;
  readonly chatTemplate: string | undefined;
  readonly specialTokens: Readonly<Record<string, number>>;
  readonly metadata: readonly { readonly key: string; readonly value: unknown }[];
}

// Code Llama's vocabulary. Files of 2023 do not name its infill tokens, which have these ids.
const codeLlamaVocabulary = 32_016;
const codeLlamaTokens = { prefix: 32007, suffix: 32008, middle: 32009 };

/**
 * What a model can do, from the header of its file alone. `load` reads the whole vocabulary and knows it
 * better for files that do not name their infill tokens. Undefined for an adapter.
 * @param fileName - name of the file, and its URI if it has one
 */
export function capabilitiesOfHeader(
  facts: HeaderFacts,
  fileName: string,
): Capabilities | undefined {
  if (facts.type !== undefined && facts.type !== "model") return undefined;
  return capabilitiesOf(traitsOf(facts), fileName);
}

function traitsOf(facts: HeaderFacts): ModelTraits {
  const { architecture, vocabularySize = 0, specialTokens: tokens } = facts;
  const finetune = facts.metadata.find(({ key }) => key === "general.finetune")?.value;
  const isCodeLlama = architecture === "llama" && vocabularySize === codeLlamaVocabulary;
  const prefix = tokens.fim_pre ?? tokens.prefix;
  const suffix = tokens.fim_suf ?? tokens.suffix;
  const middle = tokens.fim_mid ?? tokens.middle;
  return {
    architecture,
    name: facts.name ?? "",
    finetune: typeof finetune === "string" ? finetune : "",
    layers: facts.layers ?? 0,
    chatTemplate: facts.chatTemplate ?? "",
    vocabularySize,
    specialTokens: {
      ...(isCodeLlama && codeLlamaTokens),
      ...(prefix !== undefined && { prefix }),
      ...(suffix !== undefined && { suffix }),
      ...(middle !== undefined && { middle }),
    },
  };
}
