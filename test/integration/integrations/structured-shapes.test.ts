import { generateObject } from "ai";
import { describe, expect, test } from "vitest";
import type { z } from "zod";
import { createCodeLlama } from "../../../lib/integrations/ai-sdk/index.ts";
import { ChatCodeLlama } from "../../../lib/integrations/langchain/index.ts";
import { useTinyModel } from "../../helpers/tiny-model.ts";
import { zodShapes } from "../../helpers/zod-shapes.ts";

// Each library validates the answer with the zod schema and rejects an answer that does not match.
// NODE_CODELLAMA_SHAPE_SEEDS=10 runs ten seeds of each shape.
const seeds = Array.from(
  { length: Number(process.env.NODE_CODELLAMA_SHAPE_SEEDS ?? 2) },
  (_, seed) => seed,
);
const prompt = "Give me an example.";
const shared = useTinyModel({ parallel: 2, contextSize: 2048 });

describe.each(Object.entries(zodShapes))("%s", (_, schema: z.ZodObject) => {
  test.each(seeds)("come from generateObject with seed %i", async (seed) => {
    const { object } = await generateObject({
      model: createCodeLlama(shared.llama)(),
      prompt,
      schema,
      temperature: 1,
      topP: 1,
      seed,
      maxOutputTokens: 1500,
      maxRetries: 0,
    });
    expect(schema.parse(object)).toEqual(object);
  });

  test.each(seeds)("come from withStructuredOutput with seed %i", async (seed) => {
    const model = new ChatCodeLlama(shared.llama, {
      temperature: 1,
      topP: 1,
      seed,
      maxTokens: 1500,
    });
    const answer = await model.withStructuredOutput(schema).invoke(prompt);
    expect(schema.parse(answer)).toEqual(answer);
  });

  test.each(seeds)("come from chat() as a typed value with seed %i", async (seed) => {
    const { value, finishReason } = await shared.llama.chat([{ role: "user", content: prompt }], {
      jsonSchema: schema,
      temperature: 1,
      topP: 1,
      seed,
      maxTokens: 1500,
    });
    expect(finishReason).toBe("stop");
    expect(schema.parse(value)).toEqual(value);
  });
});
