import type { EnginePort } from "../engine/port.ts";
import { Job } from "../jobs/job.ts";
import { checkOptions, checkValue } from "../options/check.ts";
import { type EmbedOptions, embedRules } from "../options/embed.ts";
import { computeProperties } from "../options/request.ts";
import { type TextOrTokens, textsOrTokens } from "../options/texts.ts";
import { textPrompt } from "./completion.ts";

export interface EmbedResult {
  /** One embedding per text, in the order of the texts. */
  readonly embeddings: readonly Float32Array[];
  readonly usage: { readonly promptTokens: number };
}

/** A text, or a prompt of tokens. */
export type EmbedInput = TextOrTokens;

// Texts sent to the engine at the same time. The others wait here, outside the engine's queue.
const window = 4;

/** Computes the embedding of each text, several in parallel. */
export function embed(
  engine: EnginePort,
  input: EmbedInput | readonly EmbedInput[],
  options: EmbedOptions,
): Job<EmbedResult> {
  const where = "embed()";
  const texts = checkValue(input, textsOrTokens, `${where}: texts`) as readonly EmbedInput[];
  engine.requireContext(where);
  const checked = checkOptions(options, embedRules, where);
  const call = {
    ...computeProperties(checked, engine, where),
    embedding: checked.pooling ?? "mean",
    maxTokens: 0,
    seed: 0,
  };
  return new Job(engine, checked, async ({ compute }) => {
    const embeddings: Float32Array[] = [];
    let promptTokens = 0;
    const rest = texts.entries();
    const work = async () => {
      for (const [index, text] of rest) {
        const prompt = typeof text === "string" ? textPrompt(engine, text) : text;
        const { embedding, usage } = await compute({ ...call, prompt });
        if (embedding === undefined) continue; // cancelled
        embeddings[index] = checked.normalize === false ? embedding : normalized(embedding);
        promptTokens += usage.promptTokens;
      }
    };
    await Promise.all(Array.from({ length: window }, work));
    return { embeddings, usage: { promptTokens } };
  });
}

function normalized(vector: Float32Array): Float32Array {
  // Like Math.hypot, whose values are arguments. Dividing by the largest value avoids overflow.
  const largest = vector.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const length =
    largest * Math.sqrt(vector.reduce((sum, value) => sum + (value / largest) ** 2, 0));
  return length > 0 ? vector.map((value) => value / length) : vector;
}
