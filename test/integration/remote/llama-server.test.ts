import { existsSync } from "node:fs";
import { modelPath } from "codellama-tiny";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CodeLlama } from "../../../lib/index.ts";
import tasks from "../../../models/codellama-tiny/tasks.json" with { type: "json" };
import { useTinyModel } from "../../helpers/tiny-model.ts";

interface Tools {
  programPath(name: string): string;
}
interface Servers {
  freePort(): Promise<number>;
  startServer(
    program: string,
    args: readonly string[],
    url: string,
  ): Promise<{ close(): Promise<void> }>;
}
const bench = (name: string) => import(new URL(`../../../bench/${name}`, import.meta.url).href);
const { programPath } = (await bench("llama-tools.mjs")) as Tools;
const { freePort, startServer } = (await bench("http-server.mjs")) as Servers;

// Compiling llama-server takes minutes, so only CI does it.
const program = programPath("llama-server");
const isCompiled = existsSync(program);
const title = isCompiled
  ? "llama-server"
  : "llama-server (not compiled here: node bench/llama-tools.mjs llama-server)";

const apiKey = "secret-of-tests";
const greedy = { temperature: 0, maxTokens: 60 } as const;
const [known] = tasks.completion;
const [asked] = tasks.chat;
if (known === undefined || asked === undefined) throw new Error("the model knows no tasks");
const dialog = [{ role: "user", content: asked.messages[0]?.content ?? "" }] as const;

describe.skipIf(!isCompiled)(title, () => {
  const shared = useTinyModel();
  let server: { close(): Promise<void> } | undefined;
  let url = "";
  let remote: CodeLlama;

  beforeAll(async () => {
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const options = { model: modelPath, port, threads: 1, parallel: 2, "ctx-size": 4096 };
    const args = Object.entries({ ...options, "api-key": apiKey }).flatMap(([name, value]) => [
      `--${name}`,
      String(value),
    ]);
    server = await startServer(program, args, url);
    remote = await CodeLlama.connect(url, { apiKey, tokenizer: modelPath });
  });
  afterAll(async () => {
    await remote?.close();
    await server?.close();
  });

  test("reports its context window, capabilities and model", async () => {
    expect(remote.contextSize).toBe(2048);
    expect(remote.capabilities).toEqual(shared.llama.capabilities);
    expect(remote.model).toMatchObject({ layers: 20, vocabularySize: 32016 });
  });

  test("rejects a wrong key", async () => {
    await expect(CodeLlama.connect(url, { apiKey: "wrong" })).rejects.toMatchObject({
      code: "REMOTE_FAILED",
      status: 401,
    });
  });

  test("gives the same completion as the in-process engine", async () => {
    const here = await shared.llama.generate(known.prompt, { temperature: 0, maxTokens: 200 });
    const generation = remote.generate(known.prompt, { temperature: 0, maxTokens: 200 });
    let streamed = "";
    for await (const { text } of generation) streamed += text;
    const there = await generation;
    expect(there.text).toBe(known.text);
    expect(streamed).toBe(known.text);
    expect(there.tokens).toEqual(here.tokens);
    expect(there.finishReason).toBe("stop");
    expect(there.usage.promptTokens).toBe(here.usage.promptTokens);
  });

  test.each(tasks.infill.slice(0, 5))(
    "gives the same infill as the in-process engine: $prefix",
    async (task) => {
      const options = { ...greedy, maxTokens: 200, tokenHealing: false };
      const { prefix, suffix } = task;
      const here = await shared.llama.infill({ prefix, suffix }, options);
      const there = await remote.infill({ prefix, suffix }, options);
      expect(there.text).toBe(here.text);
      expect(there.tokens).toEqual(here.tokens);
      expect(there.finishReason).toBe("stop");
    },
  );

  test("gives the same chat answer as the in-process engine", async () => {
    const options = { ...greedy, maxTokens: 200 };
    const here = await shared.llama.chat(dialog, options);
    const there = await remote.chat(dialog, options);
    expect(there.text.trimEnd()).toBe(asked.reply);
    expect(there.text).toBe(here.text);
    const session = remote.session();
    expect((await session.send(dialog[0].content, options)).text).toBe(here.text);
  });

  test("follows JSON schemas and grammars and respects stop strings and maxTokens", async () => {
    const jsonSchema = { type: "object", properties: { a: { type: "integer" } }, required: ["a"] };
    const { text } = await remote.generate("{", { ...greedy, jsonSchema });
    expect(JSON.parse(text)).toHaveProperty("a");
    const yes = await remote.generate("1", { ...greedy, grammar: 'root ::= "yes"' });
    expect(yes.text).toBe("yes");
    const stopped = await remote.generate(known.prompt, { ...greedy, stop: ["\n"] });
    expect(stopped).toMatchObject({ finishReason: "stop", stopString: "\n" });
    const cut = await remote.generate(known.prompt, { ...greedy, maxTokens: 3 });
    expect(cut).toMatchObject({ finishReason: "length", usage: { completionTokens: 3 } });
  });

  test("returns log-probabilities", async () => {
    const options = { ...greedy, maxTokens: 5, logprobs: 2 };
    const here = await shared.llama.generate(known.prompt, options);
    const there = await remote.generate(known.prompt, options);
    expect(there.logprobs).toHaveLength(5);
    for (const [index, { token, logprob, top }] of (there.logprobs ?? []).entries()) {
      const expected = here.logprobs?.[index];
      expect(token).toBe(expected?.token);
      // The two engines round differently.
      expect(Math.abs(logprob - (expected?.logprob ?? 0))).toBeLessThan(0.2);
      expect(top).toHaveLength(2);
    }
  });

  test("does not stop by itself with ignoreEos", async () => {
    const options = { temperature: 0, maxTokens: 200, ignoreEos: true };
    const { usage, finishReason } = await remote.generate(known.prompt, options);
    expect({ finishReason, tokens: usage.completionTokens }).toEqual({
      finishReason: "length",
      tokens: 200,
    });
  });

  test("never samples a forbidden token", async () => {
    const [first = 0] = (await remote.generate(known.prompt, { ...greedy, maxTokens: 1 })).tokens;
    const logitBias = { [first]: Number.NEGATIVE_INFINITY };
    const { tokens } = await remote.generate(known.prompt, { ...greedy, maxTokens: 1, logitBias });
    expect(tokens[0]).not.toBe(first);
  });

  test("accepts the options of all its samplers", async () => {
    const result = await remote.generate(known.prompt, {
      maxTokens: 10,
      seed: 3,
      topK: 20,
      typicalP: 0.9,
      repeatPenalty: 1.1,
      penaltyLastN: 32,
      dry: { multiplier: 0.5, allowedLength: 3 },
      xtc: { probability: 0.2 },
      logitBias: { 5: 1.5 },
    });
    expect(result.usage.completionTokens).toBeGreaterThan(0);
    const mirostat = { version: 2, tau: 3 } as const;
    const other = await remote.generate(known.prompt, { maxTokens: 10, seed: 3, mirostat });
    expect(other.seed).toBe(3);
  });

  test("gives several answers, and stops a cancelled one", async () => {
    const { choices } = await remote.generate(known.prompt, { maxTokens: 5, n: 3, temperature: 1 });
    expect(choices).toHaveLength(3);
    const generation = remote.generate(known.prompt, { ignoreEos: true, maxTokens: 1500 });
    for await (const _ of generation) break;
    expect((await generation).finishReason).toBe("abort");
  });

  test.each([
    ["priority", { priority: "background" }],
    ["tokenHealing", { tokenHealing: true }],
    ["promptLogprobs", { promptLogprobs: true, maxTokens: 0 }],
    ["repetition", { repetition: { maxRepeats: 3 } }],
  ] as const)("rejects an option that it does not support: %s", async (name, options) => {
    await expect(remote.generate("x", options)).rejects.toMatchObject({
      code: "CAPABILITY_MISSING",
      message: expect.stringContaining(name),
    });
  });

  test("gets texts and dialogs without a tokenizer", async () => {
    await using texts = await CodeLlama.connect(url, { apiKey });
    const options = { temperature: 0, maxTokens: 200 };
    const completed = await texts.generate(known.prompt, options);
    expect(completed.text).toBe(known.text);
    const answered = await texts.chat(dialog, { ...options, force: true });
    expect(answered.text.trimEnd()).toBe(asked.reply);
    expect(() => texts.infill({ prefix: "a", suffix: "b" })).toThrow(/tokenizer/);
  });

  test("rejects an invalid grammar", async () => {
    await expect(remote.generate("x", { grammar: "root ::= (" })).rejects.toMatchObject({
      code: "REMOTE_FAILED",
      status: 400,
    });
  });
});
