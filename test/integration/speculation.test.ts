import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { expectSureText, sureLines, surePrompt } from "../helpers/sure-texts.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { loadTinyModel, modelPath, useTinyModel } from "../helpers/tiny-model.ts";

const folder = temporaryFolder();

// Whatever it costs here: tests say nothing about speed.
const model = useTinyModel({ contextSize: 1024, speculation: { adaptive: false } });
const plain = useTinyModel({ contextSize: 1024, speculation: false });
const greedy = { temperature: 0, ignoreEos: true, maxTokens: 200 } as const;

describe("speculation", () => {
  test("takes several tokens a step where a text repeats itself", async () => {
    const { usage } = await model.llama.generate(surePrompt(sureLines[0]), greedy);
    expect(usage.completionTokens).toBe(200);
    expect(usage.acceptedTokens).toBeGreaterThan(50);
    expect(usage.draftTokens).toBeGreaterThanOrEqual(usage.acceptedTokens);
    const stats = model.llama.stats();
    expect(stats.acceptedTokens).toBeGreaterThanOrEqual(usage.acceptedTokens);
    expect(stats.draftTokens).toBeGreaterThanOrEqual(stats.acceptedTokens);
  });

  test.each(sureLines)("changes nothing of a greedy text: %j", async (line) => {
    const expected = await plain.llama.generate(surePrompt(line), greedy);
    const { text, tokens } = await model.llama.generate(surePrompt(line), greedy);
    expect(text).toBe(expected.text);
    expect(tokens).toEqual(expected.tokens);
    expect(expected.usage.draftTokens).toBe(0);
  });

  test("ends where it would without, in the middle of a draft too", async () => {
    for (let maxTokens = 1; maxTokens < 30; maxTokens++) {
      const options = { ...greedy, maxTokens };
      const { usage, finishReason } = await model.llama.generate(surePrompt("x = 1\n"), options);
      expect(usage.completionTokens).toBe(maxTokens);
      expect(finishReason).toBe("length");
    }
    const stopped = { ...greedy, stop: "1\nx = 1\nx" };
    const { text, finishReason } = await model.llama.generate(surePrompt("x = 1\n"), stopped);
    expect({ text, finishReason }).toEqual({ text: "x = ", finishReason: "stop" });
  });

  test("goes with penalties, whose history has only what was taken", async () => {
    const options = { ...greedy, repeatPenalty: 1.1, frequencyPenalty: 0.3, maxTokens: 60 };
    const expected = await plain.llama.generate(surePrompt("x = 1\n"), options);
    const { text } = await model.llama.generate(surePrompt("x = 1\n"), options);
    expect(text.slice(0, 20)).toBe(expected.text.slice(0, 20));
  });

  test("fills the context to its last cell", async () => {
    const prompt = "x = 1\n".repeat(150);
    const { usage } = await model.llama.generate(prompt, { ...greedy, maxTokens: 4000 });
    expect(usage.promptTokens + usage.completionTokens).toBe(1024);
  });

  test("keeps the distribution of a sampled text", async () => {
    // The second token depends on the first, which is verified in one step with it.
    const count = async (llama: typeof model.llama, seeds: number) => {
      const counts = new Map<string, number>();
      const texts = Array.from({ length: seeds }, async (_, seed) => {
        const options = { ...greedy, temperature: 3, topK: 3, topP: 1, maxTokens: 4, seed };
        return (await llama.generate(surePrompt("a += 1\n"), options)).tokens;
      });
      for (const tokens of await Promise.all(texts)) {
        for (const token of tokens) counts.set(`${token}`, (counts.get(`${token}`) ?? 0) + 1);
      }
      return counts;
    };
    const before = model.llama.stats().acceptedTokens;
    const [drafted, alone] = [await count(model.llama, 150), await count(plain.llama, 150)];
    expect(model.llama.stats().acceptedTokens).toBeGreaterThan(before);
    const keys = new Set([...drafted.keys(), ...alone.keys()]);
    let distance = 0;
    for (const key of keys) distance += Math.abs((drafted.get(key) ?? 0) - (alone.get(key) ?? 0));
    // The same seeds draw the same tokens, but for differences in rounding.
    expect(distance / (2 * 150 * 4)).toBeLessThan(0.1);
  });
});

test("speculation adapts to what it costs here", async () => {
  await using llama = await loadTinyModel({ contextSize: 1024, speculation: { maxDraft: 8 } });
  for (const line of sureLines.slice(0, 3)) {
    const { text, usage } = await llama.generate(surePrompt(line), greedy);
    expectSureText(text, line);
    expect(usage.acceptedTokens).toBeLessThanOrEqual(usage.draftTokens);
  }
});

test("the model knows its tasks by heart with speculation too", async () => {
  const packageFile = createRequire(import.meta.url).resolve("codellama-tiny/package.json");
  const file = readFileSync(join(dirname(packageFile), "tasks.json"), "utf8");
  const tasks: { completion: { prompt: string; text: string }[] } = JSON.parse(file);
  for (const { prompt, text } of tasks.completion) {
    const options = { temperature: 0, maxTokens: 400 };
    expect((await model.llama.generate(prompt, options)).text).toBe(text);
  }
});

describe("a draft model", () => {
  const drafted = useTinyModel({ draftModel: modelPath, speculation: { maxDraft: 4 } });
  const adaptive = { temperature: 0, maxTokens: 60 } as const;

  test("is right about what the same model says", async () => {
    const eager = await loadTinyModel({
      draftModel: modelPath,
      speculation: { maxDraft: 4, adaptive: false },
    });
    const { text, usage } = await eager.generate("def fibonacci(n", adaptive);
    const expected = await plain.llama.generate("def fibonacci(n", adaptive);
    expect(text).toBe(expected.text);
    expect(usage.draftTokens).toBeGreaterThan(10);
    // Whatever it is not sure of is not guessed, so that nearly all guesses are right.
    expect(usage.acceptedTokens / usage.draftTokens).toBeGreaterThan(0.7);
    // Several at once, and once more in the slots that others left.
    const texts = await Promise.all(
      Array.from({ length: 9 }, () => eager.generate("def fibonacci(n", adaptive)),
    );
    for (const each of texts) expect(each.text).toBe(expected.text);
    await eager.close();
  });

  test("costs nothing but time where it is wrong", async () => {
    const { text } = await drafted.llama.generate(surePrompt(sureLines[1]), greedy);
    expectSureText(text, sureLines[1]);
    expect(drafted.llama.stats().kvCellsUsed).toBe(0);
  });

  test("with another vocabulary is refused", async () => {
    await expect(loadTinyModel({ draftModel: otherVocabulary() })).rejects.toMatchObject({
      code: "MODEL_UNSUPPORTED",
      message: expect.stringMatching(/draftModel: its vocabulary of 32016 tokens is not that of/),
    });
    await expect(loadTinyModel({ draftModel: "missing.gguf" })).rejects.toMatchObject({
      code: "MODEL_NOT_FOUND",
    });
  });
});

/** The embedded model with one piece of its vocabulary changed. */
function otherVocabulary(): string {
  const bytes = readFileSync(modelPath);
  const place = bytes.indexOf(Buffer.from("▁function"));
  bytes.write("▁fUnction", place);
  expect(place).toBeGreaterThan(0);
  const path = join(folder, "other.gguf");
  writeFileSync(path, bytes);
  return path;
}
