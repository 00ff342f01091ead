import { textPrompt } from "./completion.ts";
import type { EnginePort } from "./engine-port.ts";
import { type EnginePrompt, Generation } from "./generation.ts";
import { checkOptions, invalidArgument, show } from "./options/check.ts";
import { type EmbedOptions, embedRules } from "./options/embed.ts";
import { sharedOptions } from "./options/generate.ts";

export interface EmbedResult {
  /** One for each text, in their order. */
  readonly embeddings: readonly Float32Array[];
  readonly usage: { readonly promptTokens: number };
}

/** A text, or tokens taken as they are. */
export type EmbedInput = string | Int32Array;

// So many texts wait for the engine at once; the rest wait here, and need no place in its queue.
const window = 4;

/** Makes a vector of each text, as many side by side as the engine runs. */
export function embed(
  engine: EnginePort,
  input: EmbedInput | readonly EmbedInput[],
  options: EmbedOptions,
): Generation<EmbedResult> {
  const where = "embed()";
  const texts: readonly EmbedInput[] = isInput(input) ? [input] : input;
  if (!Array.isArray(texts) || !texts.every(isInput)) {
    throw invalidArgument(
      `${where}: texts must be a string, an Int32Array or an array of them, not ${show(input)}`,
    );
  }
  engine.requireContext(where);
  checkOptions(options, embedRules, where);
  const call = {
    ...sharedOptions(options, engine, where),
    embedding: options.pooling ?? "mean",
    maxTokens: 0,
    seed: 0,
  };
  return new Generation(engine, options.signal, async (request) => {
    const embeddings: Float32Array[] = [];
    let promptTokens = 0;
    const rest = texts.entries();
    const work = async () => {
      for (const [index, text] of rest) {
        const prompt = await embedPrompt(engine, text);
        const { embedding, usage } = await request({ ...call, prompt }, { held: true });
        if (embedding === undefined) continue; // cancelled
        embeddings[index] = options.normalize === false ? embedding : normalized(embedding);
        promptTokens += usage.promptTokens;
      }
    };
    await Promise.all(Array.from({ length: window }, work));
    return { embeddings, usage: { promptTokens } };
  });
}

function embedPrompt(engine: EnginePort, text: EmbedInput): EnginePrompt | Promise<EnginePrompt> {
  if (typeof text !== "string") return text;
  return engine.hasVocabulary ? textPrompt(engine, text) : { text, special: false };
}

function isInput(value: unknown): value is EmbedInput {
  return typeof value === "string" || value instanceof Int32Array;
}

function normalized(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  return length > 0 ? vector.map((value) => value / length) : vector;
}
