import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CodeLlama, GenerationResult } from "../../../lib/index.ts";
import { loadTinyModel, useTinyModel } from "../../helpers/tiny-model.ts";

// The engine writes text that a grammar forces without asking the model. Without other drafts, each
// accepted token is a forced token that saved a step.
const model = useTinyModel({ parallel: 4, speculation: false, contextSize: 2048 });

const settings = {
  type: "object",
  properties: {
    maximum_number_of_connections: { type: "integer", minimum: 0, maximum: 999 },
    write_ahead_logging_enabled: { type: "boolean" },
    log_level: { enum: ["information", "warning"] },
  },
  required: ["maximum_number_of_connections", "write_ahead_logging_enabled", "log_level"],
  additionalProperties: false,
  propertyOrdering: ["maximum_number_of_connections", "write_ahead_logging_enabled", "log_level"],
} as const;
const isSettings = new Ajv2020({ strict: false }).compile(settings);

/** A text that the grammar forces whole, and a word of the model's choice. */
const report = 'root ::= "The quick brown fox jumps over the lazy dog, said the " [a-z]{1,8} "."';

const forcedBeginning = "The quick brown fox jumps over the lazy dog, said the ";

describe("forced text", () => {
  test("saves steps and gives valid JSON at any temperature", async () => {
    const run = (seed: number) =>
      model.llama.generate("Settings: ", { jsonSchema: settings, temperature: 2, topP: 1, seed });
    const results = await Promise.all(Array.from({ length: 8 }, (_, seed) => run(seed)));
    for (const { text, finishReason, usage } of results) {
      expect(finishReason).toBe("stop");
      expect(isSettings(JSON.parse(text)), text).toBe(true);
      expect(usage.acceptedTokens).toBeGreaterThan(8);
      expect(usage.draftTokens).toBe(usage.acceptedTokens);
    }
    expect(new Set(results.map(({ text }) => text)).size).toBeGreaterThan(1);
    const { acceptedTokens } = model.llama.stats();
    expect(acceptedTokens).toBe(sum(results.map(({ usage }) => usage.acceptedTokens)));
  });

  test("has the tokens that the tokenizer gives it", async () => {
    const grammar = `root ::= "${forcedBeginning}"`;
    const { text, tokens, usage, finishReason } = await model.llama.generate("x", { grammar });
    expect(text).toBe(forcedBeginning);
    expect(finishReason).toBe("stop");
    const whole = model.llama.tokenize(`☺${forcedBeginning}`, { bos: false });
    expect(tokens).toEqual(whole.slice(-tokens.length));
    expect(usage).toMatchObject({
      completionTokens: tokens.length,
      acceptedTokens: tokens.length - 1,
    });
  });

  test("is the same with and without log-probabilities, which every token has", async () => {
    for (const temperature of [0, 1.5]) {
      const options = { jsonSchema: settings, temperature, seed: 5 } as const;
      const plain = await model.llama.generate("Settings: ", options);
      const measured = await model.llama.generate("Settings: ", { ...options, logprobs: 2 });
      expect(measured.text).toBe(plain.text);
      expect(measured.usage).toEqual({ ...plain.usage, cachedTokens: expect.any(Number) });
      const logprobs = measured.logprobs ?? [];
      expect(logprobs).toHaveLength(measured.usage.completionTokens);
      expect(logprobs.map(({ text }) => text).join("")).toBe(measured.text);
      for (const { logprob, top } of logprobs) {
        expect(logprob).toBeLessThanOrEqual(0);
        expect(top).toHaveLength(2);
      }
    }
  });

  test("has the log-probabilities of the same tokens in a prompt", async () => {
    const prompt = model.llama.tokenize("def add(x, y):\n    ");
    const grammar = 'root ::= "return x + y"';
    const written = await model.llama.generate(prompt, { grammar, logprobs: 0 });
    const whole = Int32Array.of(...prompt, ...written.tokens);
    const options = { maxTokens: 0, logprobs: 0, promptLogprobs: true } as const;
    const { promptLogprobs = [] } = await model.llama.generate(whole, options);
    const logprobs = written.logprobs ?? [];
    expect(logprobs.length).toBeGreaterThan(2);
    for (const [i, { logprob, token }] of logprobs.entries()) {
      const same = promptLogprobs[prompt.length - 1 + i];
      expect(same?.token).toBe(token);
      expect(same?.logprob).toBeCloseTo(logprob, 1);
    }
  });

  test("counts against maxTokens, which may cut it anywhere", async () => {
    const whole = await model.llama.generate("x", { grammar: report, temperature: 0 });
    for (let maxTokens = 1; maxTokens < whole.usage.completionTokens; maxTokens += 3) {
      const cut = await model.llama.generate("x", { grammar: report, temperature: 0, maxTokens });
      expect(cut.usage.completionTokens).toBe(maxTokens);
      expect(cut.finishReason).toBe("length");
      expect(whole.text.startsWith(cut.text)).toBe(true);
    }
  });

  test("ends at a stop string inside it", async () => {
    const options = { grammar: report, temperature: 0, stop: ["lazy", "never"] } as const;
    const { text, stopString, finishReason } = await model.llama.generate("x", options);
    expect({ text, stopString, finishReason }).toEqual({
      text: "The quick brown fox jumps over the ",
      stopString: "lazy",
      finishReason: "stop",
    });
  });

  test("ends when the context window is full", async () => {
    const small = await loadTinyModel({ contextSize: 256, parallel: 1, speculation: false });
    try {
      const prompt = new Int32Array(248).fill(100);
      const { usage, finishReason } = await small.generate(prompt, { grammar: report });
      expect(finishReason).toBe("length");
      expect(usage.promptTokens + usage.completionTokens).toBe(256);
    } finally {
      await small.close();
    }
  });

  test("longer than the engine finds at once is complete", async () => {
    const long = Array.from({ length: 150 }, (_, i) => `word${i}`).join(" ");
    const grammar = `root ::= "${long}"`;
    const { text, usage } = await model.llama.generate("x", { grammar, maxTokens: 2000 });
    expect(text).toBe(long);
    expect(usage.completionTokens - usage.acceptedTokens).toBeLessThan(20);
  });

  test("without an end is cut by maxTokens", async () => {
    const grammar = 'root ::= "again " root';
    const { text, usage } = await model.llama.generate("x", { grammar, maxTokens: 300 });
    expect(text).toMatch(/^(again )+(a\w*)?$/);
    expect(usage.completionTokens).toBe(300);
  });

  test("leaves tokens with a bias to the model", async () => {
    const grammar = 'root ::= "return value"';
    const [value = 0] = model.llama.tokenize("a value", { bos: false }).slice(-1);
    const free = await model.llama.generate("x", { grammar });
    expect(free.tokens).toContain(value);
    const options = { grammar, logitBias: { [value]: -100 } } as const;
    const { text, tokens } = await model.llama.generate("x", options);
    expect(text).toBe("return value");
    expect(tokens).not.toContain(value);
  });

  test("works with penalties, DRY and Mirostat", async () => {
    for (const sampling of [
      { repeatPenalty: 1.5, presencePenalty: 1, penaltyLastN: -1 },
      { dry: { multiplier: 2, allowedLength: 1 } },
      { mirostat: { version: 2 } },
    ] as const) {
      const options = { jsonSchema: settings, temperature: 1, seed: 3, ...sampling } as const;
      const { text, usage } = await model.llama.generate("Settings: ", options);
      expect(isSettings(JSON.parse(text)), text).toBe(true);
      expect(usage.acceptedTokens).toBeGreaterThan(8);
    }
  });

  test("does not depend on the requests beside it", async () => {
    const options = { jsonSchema: settings, temperature: 1, topP: 1 } as const;
    const run = (seed: number) => model.llama.generate("Settings: ", { ...options, seed });
    const tokens = ({ usage }: GenerationResult) => usage.completionTokens - usage.acceptedTokens;
    const alone = await run(1);
    const beside = await Promise.all([run(1), run(2), run(3)]);
    for (const result of beside) {
      expect(isSettings(JSON.parse(result.text)), result.text).toBe(true);
      expect(tokens(result)).toBeLessThan(result.usage.completionTokens);
    }
    expect((await run(1)).text).toBe(alone.text);
  });

  test("stays valid in every choice of one request", async () => {
    const options = { jsonSchema: settings, temperature: 2, topP: 1, n: 4, seed: 1 } as const;
    const { choices = [] } = await model.llama.generate("Settings: ", options);
    expect(choices).toHaveLength(4);
    for (const { text } of choices) expect(isSettings(JSON.parse(text)), text).toBe(true);
  });

  test("is part of a session's history", async () => {
    const session = model.llama.session();
    const first = await session.send("Settings?", { jsonSchema: settings, temperature: 0 });
    const second = await session.send("Again?", { jsonSchema: settings, temperature: 0 });
    for (const { text } of [first, second]) expect(isSettings(JSON.parse(text)), text).toBe(true);
    const { promptTokens, completionTokens } = first.usage;
    expect(second.usage.promptTokens).toBeGreaterThan(promptTokens + completionTokens / 2);
  });

  test("ends with its request when that is cancelled", async () => {
    const controller = new AbortController();
    const grammar = 'root ::= "again " root';
    const generation = model.llama.generate("x", {
      grammar,
      maxTokens: 1500,
      signal: controller.signal,
    });
    const reads = (async () => {
      for await (const { text } of generation) if (text !== "") controller.abort();
    })();
    await expect(reads).rejects.toThrow();
    await expect(generation).rejects.toThrow();
    expect(model.llama.stats()).toMatchObject({ running: 0, kvCellsUsed: 0 });
  });
});

describe("forced text beside speculation", () => {
  let llama: CodeLlama;
  beforeAll(async () => {
    llama = await loadTinyModel({ speculation: { maxDraft: 8, adaptive: false } });
  });
  afterAll(() => llama.close());

  test("leaves the choices to the drafts", async () => {
    const line = 'return { identifier: "left + right" };\n';
    const grammar = 'root ::= ("return { identifier: \\"" [a-z +]+ "\\" };\\n"){6}';
    const options = { grammar, temperature: 0, ignoreEos: true } as const;
    const drafted = await llama.generate(line.repeat(4), options);
    const plain = await model.llama.generate(line.repeat(4), options);
    expect(drafted.text).toBe(plain.text);
    expect(drafted.text).toMatch(/^(return \{ identifier: "[a-z +]+" \};\n){6}$/);
    const steps = ({ usage }: GenerationResult) => usage.completionTokens - usage.acceptedTokens;
    expect(steps(plain)).toBeLessThan(plain.usage.completionTokens);
    expect(steps(drafted)).toBeLessThan(steps(plain));
  });
});

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
