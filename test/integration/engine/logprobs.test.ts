import { describe, expect, test } from "vitest";
import type { TokenLogprobs } from "../../../lib/index.ts";
import { useTinyModel } from "../../helpers/tiny-model.ts";

const model = useTinyModel({ parallel: 1, prefixCache: false, speculation: false });
const greedy = { temperature: 0, maxTokens: 12 };
const prompt = "def fibonacci(n):\n";

const probability = ({ logprob }: { readonly logprob: number }) => Math.exp(logprob);

describe("logprobs", () => {
  test("are returned for every token, which is the likeliest one in a greedy text", async () => {
    const { tokens, logprobs, text } = await model.llama.generate(prompt, {
      ...greedy,
      logprobs: 3,
    });
    expect(logprobs?.map(({ token }) => token)).toEqual([...tokens]);
    expect(logprobs?.map((each) => each.text).join("")).toBe(text);
    for (const { token, logprob, top } of logprobs ?? []) {
      expect(top).toHaveLength(3);
      expect(top[0]).toMatchObject({ token, logprob });
      expect(top.map(probability)).toEqual(top.map(probability).toSorted((a, b) => b - a));
    }
  });

  test("add up to one over the vocabulary", async () => {
    const { logprobs } = await model.llama.generate(prompt, { maxTokens: 1, logprobs: 100 });
    const sum = (logprobs?.[0]?.top ?? []).reduce((total, each) => total + probability(each), 0);
    expect(sum).toBeLessThanOrEqual(1.000001);
    expect(sum).toBeGreaterThan(0.9);
  });

  test("do not depend on the sampling options", async () => {
    const plain = await model.llama.generate(prompt, { ...greedy, maxTokens: 1, logprobs: 5 });
    const best = plain.tokens[0] ?? 0;
    const biased = await model.llama.generate(prompt, {
      temperature: 5,
      topK: 3,
      repeatPenalty: 2,
      logitBias: { [best]: Number.NEGATIVE_INFINITY },
      maxTokens: 1,
      logprobs: 5,
    });
    expect(biased.tokens[0]).not.toBe(best);
    expect(biased.logprobs?.[0]?.top).toEqual(plain.logprobs?.[0]?.top);
  });

  test("arrive with the chunks of their tokens", async () => {
    const generation = model.llama.generate(prompt, { ...greedy, logprobs: 0 });
    const streamed: TokenLogprobs[] = [];
    for await (const { tokens, logprobs } of generation) {
      expect(logprobs?.map(({ token }) => token)).toEqual([...tokens]);
      streamed.push(...(logprobs ?? []));
    }
    const { logprobs } = await generation;
    expect(streamed).toEqual(logprobs?.slice(0, streamed.length));
    expect(streamed.length).toBeGreaterThan(5);
  });

  test("are absent by default", async () => {
    expect(await model.llama.generate(prompt, greedy)).not.toHaveProperty("logprobs");
  });
});

describe("promptLogprobs", () => {
  test("of a greedy text equal the logprobs of its generation", async () => {
    const start = model.llama.tokenize(prompt, { bos: true });
    const { tokens, logprobs } = await model.llama.generate(start, { ...greedy, logprobs: 2 });
    const { promptLogprobs, usage } = await model.llama.generate(
      Int32Array.of(...start, ...tokens),
      { maxTokens: 0, logprobs: 2, promptLogprobs: true },
    );
    expect(usage.completionTokens).toBe(0);
    expect(promptLogprobs).toHaveLength(start.length + tokens.length - 1);
    const scored = promptLogprobs?.slice(start.length - 1) ?? [];
    expect(scored.map(({ token }) => token)).toEqual([...tokens]);
    for (const [index, { logprob, top }] of scored.entries()) {
      expect(logprob).toBeCloseTo(logprobs?.[index]?.logprob ?? Number.NaN, 0);
      expect(top[0]?.token).toBe(tokens[index]);
    }
  });

  test("of a prompt longer than one step are complete and in order", async () => {
    const long = model.llama.tokenize(prompt.repeat(40), { bos: true });
    const { promptLogprobs } = await model.llama.generate(long, {
      maxTokens: 1,
      promptLogprobs: true,
    });
    expect(promptLogprobs?.map(({ token }) => token)).toEqual([...long.slice(1)]);
  });
});

test("only tokens that hold a part of a character have bytes", async () => {
  const { logprobs } = await model.llama.generate(prompt, {
    temperature: 0,
    grammar: 'root ::= "x👩"',
    logprobs: 0,
  });
  const [letter, ...parts] = logprobs ?? [];
  expect(letter).toMatchObject({ text: "x" });
  expect(letter).not.toHaveProperty("bytes");
  expect(parts.map(({ text }) => text)).toEqual(Array(4).fill("\uFFFD"));
  const bytes = parts.flatMap((part) => [...(part.bytes ?? [])]);
  expect(Buffer.from(bytes).toString()).toBe("👩");
  const lasting = parts.at(-1);
  expect(lasting && [...model.llama.tokenBytes(lasting.token)]).toEqual([bytes.at(-1)]);
});

test("tokenBytes() returns the bytes inside a text, or the name of a control token", () => {
  const { llama } = model;
  const { bos = -1 } = llama.model.specialTokens;
  const [word = -1] = llama.tokenize("def");
  expect(Buffer.from(llama.tokenBytes(word)).toString()).toBe(" def");
  expect(Buffer.from(llama.tokenBytes(bos)).toString()).toBe("<s>");
  for (const token of [-1, 99_999, 2 ** 32 + 5, 1.5]) {
    expect(() => llama.tokenBytes(token)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
  }
});

test("rejects logprobs out of range", () => {
  for (const logprobs of [-1, 1.5, 101]) {
    expect(() => model.llama.generate(prompt, { logprobs })).toThrow(
      /logprobs must be a whole number between 0 and 100/,
    );
  }
});
