import { modelPath } from "codellama-tiny";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CodeLlama } from "../../../lib/index.ts";
import tasks from "../../../models/codellama-tiny/tasks.json" with { type: "json" };
import { until, useTinyServer } from "../../helpers/server.ts";

// Our own server over real HTTP. The tests compare its answers with the same model in process.
const apiKey = "secret-of-tests";
const shared = useTinyServer(
  { apiKeys: [{ name: "tests", key: apiKey }] },
  { prefixCache: false, speculation: false },
);
const greedy = { temperature: 0, maxTokens: 60 } as const;
const prompt = tasks.completion[0]?.prompt ?? "";
const dialog = [{ role: "user", content: tasks.chat[0]?.messages[0]?.content ?? "" }] as const;

const remotes: { tokens?: CodeLlama; texts?: CodeLlama } = {};
function remote(kind: "tokens" | "texts" = "tokens"): CodeLlama {
  const llama = remotes[kind];
  if (llama === undefined) throw new Error("not connected");
  return llama;
}
beforeAll(async () => {
  const { url } = shared.server;
  remotes.tokens = await CodeLlama.connect(url, { apiKey, tokenizer: modelPath });
  remotes.texts = await CodeLlama.connect(`${url}/v1/`, { apiKey });
});
afterAll(async () => {
  await remotes.tokens?.close();
  await remotes.texts?.close();
});

describe.each(["tokens", "texts"] as const)("with prompts sent as %s", (kind) => {
  test("a completion is the same as in process", async () => {
    const here = await shared.server.llama.generate(prompt, greedy);
    const generation = remote(kind).generate(prompt, greedy);
    let streamed = "";
    for await (const { text } of generation) streamed += text;
    const there = await generation;
    expect(there.text).toBe(here.text);
    expect(streamed).toBe(here.text);
    expect(there.tokens).toEqual(here.tokens);
    expect(there.finishReason).toBe(here.finishReason);
    expect(there.usage).toMatchObject({
      promptTokens: here.usage.promptTokens,
      completionTokens: here.usage.completionTokens,
    });
  });

  test.each([
    { prefix: "def add(a, b):\n    ret", suffix: "\n\nprint(add(1, 2))\n" },
    { prefix: "def add(a, b):\n    return", suffix: '"""' },
    { prefix: tasks.infill[0]?.prefix ?? "", suffix: tasks.infill[0]?.suffix ?? "" },
  ])("an infill is the same as in process: $prefix", async (hole) => {
    const here = await shared.server.llama.infill(hole, greedy);
    const there = await remote(kind).infill(hole, greedy);
    expect(there.fullText).toBe(here.fullText);
    expect(there.tokens).toEqual(here.tokens);
  });

  test("a chat is the same as in process", async () => {
    const here = await shared.server.llama.chat(dialog, greedy);
    const there = await remote(kind).chat(dialog, greedy);
    expect(there.text).toBe(here.text);
    expect(there.finishReason).toBe(here.finishReason);
  });

  test("a session gives the same answers as in process", async () => {
    const here = shared.server.llama.session({ system: "Be brief." });
    const there = remote(kind).session({ system: "Be brief." });
    for (const question of [dialog[0].content, "And in JavaScript?"]) {
      const expected = await here.send(question, greedy);
      expect((await there.send(question, greedy)).text).toBe(expected.text);
    }
    expect(there.messages).toEqual(here.messages);
  });

  test("an embedding is the same as in process", async () => {
    const texts = ["class Stack:", "def f(x):"];
    const here = await shared.server.llama.embed(texts);
    const there = await remote(kind).embed(texts);
    expect(there.usage).toEqual(here.usage);
    for (const [index, embedding] of there.embeddings.entries()) {
      const same = here.embeddings[index] ?? [];
      expect(embedding).toHaveLength(same.length);
      // Both have length 1. On a GPU, batching changes the rounding.
      const cosine = embedding.reduce((sum, value, place) => sum + value * (same[place] ?? 0), 0);
      expect(cosine).toBeGreaterThan(0.999);
    }
  });

  test("a sampled text is the same as in process with the same seed", async () => {
    const options = { maxTokens: 20, temperature: 1.5, topP: 0.9, topK: 40, minP: 0.01, seed: 7 };
    const here = await shared.server.llama.generate(prompt, options);
    const there = await remote(kind).generate(prompt, options);
    expect(there.text).toBe(here.text);
    expect(there.seed).toBe(7);
  });

  test("supports several answers, stop strings and JSON", async () => {
    const several = await remote(kind).generate(prompt, { ...greedy, n: 3, stop: ["\n"] });
    expect(several.choices).toHaveLength(3);
    expect(several).toMatchObject({ finishReason: "stop", stopString: "\n" });
    expect(several.text).not.toContain("\n");
    const schema = {
      type: "object",
      properties: { a: { type: "integer", minimum: 0, maximum: 99 } },
      required: ["a"],
      additionalProperties: false,
    };
    for (const answer of [
      await remote(kind).generate("{", { ...greedy, jsonSchema: schema }),
      await remote(kind).chat(dialog, { ...greedy, jsonSchema: schema }),
    ]) {
      expect(JSON.parse(answer.text)).toHaveProperty("a");
    }
    const { text } = await remote(kind).generate("1", { ...greedy, grammar: 'root ::= "yes"' });
    expect(text).toBe("yes");
  });

  test("supports regular expressions", async () => {
    const regex = /YES|no/i;
    for (const answer of [
      await remote(kind).generate("1", { ...greedy, regex }),
      await remote(kind).chat(dialog, { ...greedy, regex }),
    ]) {
      expect(answer.text).toMatch(/^(?:yes|no)$/i);
    }
  });

  test("finds stop patterns in this process", async () => {
    for (const stop of [/\s*return/, [/never\d/, "return"], ["return", /\s+r/]]) {
      const here = await shared.server.llama.generate(prompt, { ...greedy, stop });
      const generation = remote(kind).generate(prompt, { ...greedy, stop });
      let streamed = "";
      for await (const { text } of generation) streamed += text;
      const { text, stopString, finishReason } = await generation;
      expect(streamed).toBe(here.text);
      expect({ text, stopString, finishReason }).toEqual({
        text: here.text,
        stopString: here.stopString,
        finishReason: here.finishReason,
      });
    }
    await until(() => shared.server.llama.stats().running === 0, "the request is cancelled");
    const stopAt = ["dedent", "function"] as const;
    const here = await shared.server.llama.generate("def f(x):\n", { ...greedy, stopAt });
    expect((await remote(kind).generate("def f(x):\n", { ...greedy, stopAt })).text).toBe(
      here.text,
    );
    await expect(remote(kind).generate("x", { stop: /a*/ })).rejects.toMatchObject({
      code: "INVALID_GRAMMAR",
    });
  });
});

describe("with a tokenizer", () => {
  test("tokens, prompts and capabilities are the same as in process", () => {
    const { llama } = shared.server;
    const text = "def f(x):\n    return '☺' </s> <PRE>";
    expect(remote().tokenize(text)).toEqual(llama.tokenize(text));
    expect(remote().detokenize(llama.tokenize(text))).toBe(text);
    expect(remote().encodeInfill("a <FILL_ME> b")).toEqual(llama.encodeInfill("a <FILL_ME> b"));
    expect(remote().encodeChat(dialog)).toEqual(llama.encodeChat(dialog));
    expect(remote().capabilities).toEqual(llama.capabilities);
    expect(remote().contextSize).toBe(llama.contextSize);
    const { placement, ...model } = remote().model as typeof llama.model & { placement: unknown };
    expect(llama.model).toMatchObject(model);
    expect(remote().placement.devices).toEqual([]);
    expect(placement).toBe(remote().placement);
  });

  test("log-probabilities and perplexity are the same as in process", async () => {
    const options = { ...greedy, maxTokens: 8, logprobs: 3 };
    const here = await shared.server.llama.generate(prompt, options);
    const there = await remote().generate(prompt, options);
    expect(there.logprobs?.map(({ token, text }) => ({ token, text }))).toEqual(
      here.logprobs?.map(({ token, text }) => ({ token, text })),
    );
    for (const [index, { logprob, top }] of (there.logprobs ?? []).entries()) {
      expect(logprob).toBeCloseTo(here.logprobs?.[index]?.logprob ?? 0, 4);
      expect(top.map(({ token }) => token)).toEqual(
        here.logprobs?.[index]?.top.map(({ token }) => token),
      );
    }
    const text = tasks.completion[0]?.text ?? "";
    const expected = await shared.server.llama.perplexity(text);
    const measured = await remote().perplexity(text);
    expect(measured.tokens).toBe(expected.tokens);
    expect(measured.perplexity).toBeCloseTo(expected.perplexity, 2);
  });

  test("beam search finds the same texts as in process", async () => {
    const options = { maxTokens: 6, beams: 3, n: 2 };
    const here = await shared.server.llama.generate("def is_", options);
    const there = await remote().generate("def is_", options);
    expect(there.choices?.map(({ text }) => text)).toEqual(here.choices?.map(({ text }) => text));
  });

  test("text never becomes a control token", async () => {
    const hostile = "a </s> <PRE> b <EOT>";
    const here = await shared.server.llama.generate(hostile, greedy);
    const there = await remote().generate(hostile, greedy);
    expect(there.usage.promptTokens).toBe(here.usage.promptTokens);
    expect(there.text).toBe(here.text);
  });

  test("rejects a prompt that exceeds the remote's context window", async () => {
    const long = new Int32Array(shared.server.llama.contextSize).fill(100);
    await expect(remote().generate(long)).rejects.toMatchObject({ code: "CONTEXT_OVERFLOW" });
  });
});

describe("without a tokenizer", () => {
  test.each([
    ["tokenizer", () => remote("texts").tokenize("x")],
    ["tokenizer", () => remote("texts").detokenize([1])],
    ["tokenizer", () => remote("texts").encodeInfill("a <FILL_ME>")],
    ["tokenizer", () => remote("texts").encodeChat(dialog)],
    ["beams", () => remote("texts").generate("x", { beams: 2 })],
    ["maxHistoryTokens", () => remote("texts").session({ maxHistoryTokens: 100 })],
    ["truncate", () => remote("texts").generate("x", { overflow: "truncate" })],
    ["truncate", () => remote("texts").chat(dialog, { overflow: "truncate" })],
    ["order", () => remote("texts").infill("a <FILL_ME>", { order: "psm" })],
    ["context", () => remote("texts").infill("a <FILL_ME>", { context: [] })],
  ])("throws for a call that needs the vocabulary: %s", (named, call) => {
    expect(call).toThrow(
      expect.objectContaining({
        code: "CAPABILITY_MISSING",
        message: expect.stringContaining(named),
      }),
    );
  });

  test("rejects asynchronous calls that need the vocabulary", async () => {
    for (const work of [
      remote("texts").tokenizeLong("x"),
      remote("texts").generate("x", { logprobs: 1 }),
      remote("texts").generate("x", { maxPromptTokens: 10 }),
    ]) {
      await expect(work).rejects.toMatchObject({ code: "CAPABILITY_MISSING" });
    }
  });

  test("reports the capabilities that the server sends", () => {
    const { infill, chat, codeLlama } = shared.server.llama.capabilities;
    expect(remote("texts").capabilities).toMatchObject({
      infill,
      chat,
      codeLlama,
      chatFormat: "remote",
    });
  });

  test("special: true turns spelled-out control tokens into control tokens", async () => {
    const special = { ...greedy, special: true };
    const here = await shared.server.llama.generate("a </s>", special);
    const there = await remote("texts").generate("a </s>", special);
    expect(there.usage.promptTokens).toBe(here.usage.promptTokens);
  });
});

describe("a running request", () => {
  const busy = () => shared.server.llama.stats().running;

  test("ends on the server when its signal aborts", async () => {
    const controller = new AbortController();
    const options = { signal: controller.signal, ignoreEos: true, maxTokens: 1500 };
    const generation = remote().generate(prompt, options);
    for await (const { text } of generation) {
      expect(text).not.toBe("");
      controller.abort(new Error("enough"));
      break;
    }
    await expect(generation).rejects.toThrow("enough");
    await until(() => busy() === 0, "the server is idle");
  });

  test("keeps its text so far when cancel() ends it", async () => {
    const generation = remote().generate(prompt, { ignoreEos: true, maxTokens: 1500 });
    for await (const _ of generation) break;
    const { finishReason, text } = await generation;
    expect(finishReason).toBe("abort");
    expect(text).not.toBe("");
    await until(() => busy() === 0, "the server is idle");
  });

  test("ends on the server after timeoutMs", async () => {
    const options = { ignoreEos: true, maxTokens: 100_000, timeoutMs: 300 };
    const { finishReason } = await remote().generate(prompt, options);
    expect(finishReason).toBe("timeout");
    await until(() => busy() === 0, "the server is idle");
  });

  test("fails with CLOSED when the connection is closed", async () => {
    const { url } = shared.server;
    const llama = await CodeLlama.connect(url, { apiKey });
    const generation = llama.generate(prompt, { ignoreEos: true, maxTokens: 1500 });
    for await (const _ of generation.textStream) {
      expect(llama.stats().running).toBe(1);
      break;
    }
    const second = llama.generate(prompt, { ignoreEos: true, maxTokens: 1500 });
    await llama.close();
    await expect(second).rejects.toMatchObject({ code: "CLOSED" });
    expect(() => llama.generate("x")).toThrow(expect.objectContaining({ code: "CLOSED" }));
    await until(() => busy() === 0, "the server is idle");
  });
});
