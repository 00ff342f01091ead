import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import type { CodeLlama } from "../../../lib/index.ts";
import { heavy } from "../../helpers/event-loop/heavy.ts";
import { expectStableText, stableLines, stablePrompt } from "../../helpers/stable-texts.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { loadTinyModel, modelPath, useTinyModel } from "../../helpers/tiny-model.ts";

const folder = temporaryFolder();

// Not adaptive: the tests need drafts even where they do not pay off.
const model = useTinyModel({ contextSize: 1024, speculation: { adaptive: false } });
const plain = useTinyModel({ contextSize: 1024, speculation: false });
const greedy = { temperature: 0, ignoreEos: true, maxTokens: 200 } as const;

describe("speculation", () => {
  test("accepts several tokens per step in a repetitive text", async () => {
    const { usage } = await model.llama.generate(stablePrompt(stableLines[0]), greedy);
    expect(usage.completionTokens).toBe(200);
    expect(usage.acceptedTokens).toBeGreaterThan(50);
    expect(usage.draftTokens).toBeGreaterThanOrEqual(usage.acceptedTokens);
    const stats = model.llama.stats();
    expect(stats.acceptedTokens).toBeGreaterThanOrEqual(usage.acceptedTokens);
    expect(stats.draftTokens).toBeGreaterThanOrEqual(stats.acceptedTokens);
  });

  test.each(stableLines)("does not change a greedy text: %j", async (line) => {
    const expected = await plain.llama.generate(stablePrompt(line), greedy);
    const { text, tokens } = await model.llama.generate(stablePrompt(line), greedy);
    expect(text).toBe(expected.text);
    expect(tokens).toEqual(expected.tokens);
    expect(expected.usage.draftTokens).toBe(0);
  });

  test("ends at the same token as without drafts, also inside a draft", async () => {
    for (let maxTokens = 1; maxTokens < 30; maxTokens++) {
      const options = { ...greedy, maxTokens };
      const { usage, finishReason } = await model.llama.generate(stablePrompt("x = 1\n"), options);
      expect(usage.completionTokens).toBe(maxTokens);
      expect(finishReason).toBe("length");
    }
    const stopped = { ...greedy, stop: "1\nx = 1\nx" };
    const { text, finishReason } = await model.llama.generate(stablePrompt("x = 1\n"), stopped);
    expect({ text, finishReason }).toEqual({ text: "x = ", finishReason: "stop" });
  });

  test("works with penalties, which count only accepted tokens", async () => {
    const options = { ...greedy, repeatPenalty: 1.1, frequencyPenalty: 0.3, maxTokens: 60 };
    const expected = await plain.llama.generate(stablePrompt("x = 1\n"), options);
    const { text } = await model.llama.generate(stablePrompt("x = 1\n"), options);
    expect(text.slice(0, 20)).toBe(expected.text.slice(0, 20));
  });

  test("fills the context window to its last cell", async () => {
    const prompt = "x = 1\n".repeat(150);
    const { usage } = await model.llama.generate(prompt, { ...greedy, maxTokens: 4000 });
    expect(usage.promptTokens + usage.completionTokens).toBe(1024);
  });

  test("does not change the distribution of sampled tokens", async () => {
    const prompt = await plain.llama.tokenize(stablePrompt("a += 1\n"), { bos: true });
    const sampling = { ...greedy, temperature: 3, topK: 3, topP: 1 };
    const expected = await pairDistribution(plain.llama, prompt, sampling);

    const before = model.llama.stats().acceptedTokens;
    const count = 500;
    const drawn = new Map<string, number>();
    const seeds = Array.from({ length: count }, (_, seed) => seed);
    const results = seeds.map((seed) =>
      model.llama.generate(prompt, { ...sampling, maxTokens: 4, seed }),
    );
    for (const { tokens } of await Promise.all(results)) {
      // The second token depends on the first, and one step verifies both.
      const pair = tokens.slice(0, 2).join(" ");
      drawn.set(pair, (drawn.get(pair) ?? 0) + 1);
    }
    expect(model.llama.stats().acceptedTokens).toBeGreaterThan(before);
    let distance = 0;
    for (const pair of new Set([...expected.keys(), ...drawn.keys()])) {
      distance += Math.abs((expected.get(pair) ?? 0) - (drawn.get(pair) ?? 0) / count) / 2;
    }
    // 500 samples of nine pairs differ by 0.05 by chance. Accepting every draft would give 0.7.
    expect(distance).toBeLessThan(0.1);
  });
});

/** Computes the probability of each pair of next tokens from logprobs; `sampling` keeps the best k. */
async function pairDistribution(
  llama: CodeLlama,
  prompt: Int32Array,
  sampling: { temperature: number; topK: number },
) {
  const next = async (tokens: Int32Array) => {
    const options = { ...greedy, maxTokens: 1, logprobs: sampling.topK };
    const { logprobs } = await llama.generate(tokens, options);
    const weights = (logprobs?.[0]?.top ?? []).map(
      ({ token, logprob }) => [token, Math.exp(logprob / sampling.temperature)] as const,
    );
    const sum = weights.reduce((total, [, weight]) => total + weight, 0);
    return weights.map(([token, weight]) => [token, weight / sum] as const);
  };
  const pairs = new Map<string, number>();
  for (const [first, share] of await next(prompt)) {
    for (const [second, shareOfIt] of await next(Int32Array.of(...prompt, first))) {
      pairs.set(`${first} ${second}`, share * shareOfIt);
    }
  }
  return pairs;
}

test("adaptive speculation gives the same texts", async () => {
  await using llama = await loadTinyModel({ contextSize: 1024, speculation: { maxDraft: 8 } });
  for (const line of stableLines.slice(0, 3)) {
    const { text, usage } = await llama.generate(stablePrompt(line), greedy);
    expectStableText(text, line);
    expect(usage.acceptedTokens).toBeLessThanOrEqual(usage.draftTokens);
  }
});

test("completes the memorised tasks with speculation too", async () => {
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

  test("predicts the text of the same model", async () => {
    const eager = await loadTinyModel({
      draftModel: modelPath,
      speculation: { maxDraft: 4, adaptive: false },
    });
    const { text, usage } = await eager.generate("def fibonacci(n", adaptive);
    const expected = await plain.llama.generate("def fibonacci(n", adaptive);
    expect(text).toBe(expected.text);
    expect(usage.draftTokens).toBeGreaterThan(10);
    // The draft stops at an uncertain token, so nearly all draft tokens are accepted.
    expect(usage.acceptedTokens / usage.draftTokens).toBeGreaterThan(0.7);
    // More requests than slots, so that slots are reused.
    const texts = await Promise.all(
      Array.from({ length: 9 }, () => eager.generate("def fibonacci(n", adaptive)),
    );
    for (const each of texts) expect(each.text).toBe(expected.text);
    await eager.close();
  });

  test("does not change the text when it is wrong", async () => {
    const { text } = await drafted.llama.generate(stablePrompt(stableLines[1]), greedy);
    expectStableText(text, stableLines[1]);
    expect(drafted.llama.stats().kvCellsUsed).toBe(0);
  });

  test("with another vocabulary is rejected", async () => {
    await expect(loadTinyModel({ draftModel: otherVocabulary() })).rejects.toMatchObject({
      code: "MODEL_UNSUPPORTED",
      message: expect.stringMatching(
        /draftModel must have the vocabulary of the model: it has 32016 tokens/,
      ),
    });
    await expect(loadTinyModel({ draftModel: "missing.gguf" })).rejects.toMatchObject({
      code: "MODEL_NOT_FOUND",
    });
  });
});

/** The embedded model with one piece of its vocabulary changed. */
function otherVocabulary(): string {
  return heavy("copies the whole file", () => {
    const bytes = readFileSync(modelPath);
    const place = bytes.indexOf(Buffer.from("▁function"));
    bytes.write("▁fUnction", place);
    expect(place).toBeGreaterThan(0);
    const path = join(folder, "other.gguf");
    writeFileSync(path, bytes);
    return path;
  });
}
