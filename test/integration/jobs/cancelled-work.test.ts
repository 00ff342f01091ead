import { readFileSync } from "node:fs";
import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import {
  CodeLlama,
  type GenerateOptions,
  type Generation,
  type GenerationResult,
} from "../../../lib/index.ts";
import { useTinyServer } from "../../helpers/server.ts";
import { useTinyModel } from "../../helpers/tiny-model.ts";

// Work on other threads ends when nobody waits for it. The tests measure it as processor time.

const vocabularies = fileURLToPath(
  new URL("../../../native/llama.cpp/models/ggml-vocab-", import.meta.url),
);
const source = readFileSync(new URL("../../../lib/generation.ts", import.meta.url), "utf8");
/** Several megabytes of text. */
const longText = source.repeat(Math.ceil(4e6 / source.length));
/** A text that runs on the same threads as the long text. */
const barrierText = longText.slice(0, 70_000);

async function processorTime(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  return process.cpuUsage(before).user;
}

/** Resolves when both threads for long texts are free, so that earlier work has ended. */
const threadsAreFree = (llama: CodeLlama) =>
  Promise.all([1, 2, 3, 4].map(() => llama.tokenizeLong(barrierText)));

/** Starts work `count` times, one after another, and cancels it each time while it runs. */
async function cancelEach(count: number, begin: (signal: AbortSignal) => Promise<unknown>) {
  for (let i = 0; i < count; i++) {
    const controller = new AbortController();
    const work = begin(controller.signal);
    const outcome = work.then(
      () => "done",
      (reason: unknown) => reason,
    );
    await sleep(10);
    controller.abort("typed on");
    expect(await outcome).toBe("typed on");
  }
}

describe("tokenizing a text", () => {
  // SentencePiece, byte pair encoding, WordPiece and unigram.
  test.each(["llama-spm", "deepseek-coder", "llama-bpe", "bert-bge", "nomic-bert-moe"])(
    "ends with its signal: %s",
    async (name) => {
      await using llama = await CodeLlama.load(`${vocabularies}${name}.gguf`, {
        vocabularyOnly: true,
      });
      const whole = await processorTime(() => llama.tokenizeLong(longText));
      const cancelled = await processorTime(async () => {
        await cancelEach(10, (signal) => llama.tokenizeLong(longText, { signal }));
        await threadsAreFree(llama);
      });
      expect(cancelled).toBeLessThan(5 * whole);
    },
  );

  test("does not start with an aborted signal", async () => {
    await using llama = await CodeLlama.load(`${vocabularies}llama-spm.gguf`, {
      vocabularyOnly: true,
    });
    const signal = AbortSignal.abort("too late");
    await expect(llama.tokenizeLong(longText, { signal })).rejects.toBe("too late");
    await expect(llama.tokenizeLong("x", { signal })).rejects.toBe("too late");
  });

  test("ends when the engine closes", async () => {
    const load = () => CodeLlama.load(`${vocabularies}llama-spm.gguf`, { vocabularyOnly: true });
    await using other = await load();
    const whole = await processorTime(() => other.tokenizeLong(longText));
    const llama = await load();
    const closed = await processorTime(async () => {
      const texts = Array.from({ length: 10 }, () => llama.tokenizeLong(longText));
      const settled = Promise.allSettled(texts);
      await llama.close();
      for (const text of await settled) {
        expect(text).toMatchObject({ status: "rejected", reason: { code: "CLOSED" } });
      }
      await threadsAreFree(other);
    });
    expect(closed).toBeLessThan(5 * whole);
  });
});

describe("a client that disconnects", () => {
  const shared = useTinyServer();

  test("stops the work of /tokenize", async () => {
    const { post, llama } = shared.server;
    const content = longText.slice(0, 5e5);
    const whole = await processorTime(() => llama.tokenizeLong(content));
    const left = await processorTime(async () => {
      for (let i = 0; i < 12; i++) {
        const signal = AbortSignal.timeout(60);
        await expect(post("/tokenize", { content }, { signal })).rejects.toThrow("aborted");
      }
      await threadsAreFree(llama);
    });
    expect(left).toBeLessThan(8 * whole);
  });
});

describe("tokenizing a prompt", () => {
  // A longer text would be rejected before it is tokenized.
  const model = useTinyModel({ contextSize: 16_384 });
  const prompt = longText.slice(0, 400_000);
  const messages = [{ role: "user", content: prompt }] as const;
  type Options = Pick<GenerateOptions, "signal" | "timeoutMs">;
  const calls: Record<string, (options: Options) => PromiseLike<GenerationResult>> = {
    "generate()": (options) => model.llama.generate(prompt, options),
    "generate(), cut": (options) =>
      model.llama.generate(prompt, { ...options, overflow: "truncate" }),
    "generate(), several answers": (options) => model.llama.generate(prompt, { ...options, n: 3 }),
    "generate(), beams": (options) => model.llama.generate(prompt, { ...options, beams: 2 }),
    "chat()": (options) => model.llama.chat(messages, { ...options, force: true }),
    "infill()": (options) =>
      model.llama.infill({ prefix: prompt, suffix: "" }, { ...options, overflow: "error" }),
    "session()": (options) => model.llama.session().send(prompt, { ...options, force: true }),
  };

  test.each(Object.keys(calls))("counts against timeoutMs: %s", async (name) => {
    const result = await calls[name]?.({ timeoutMs: 5 });
    expect(result).toMatchObject({ finishReason: "timeout", text: "" });
  });

  test.each(Object.keys(calls))("ends with its signal: %s", async (name) => {
    const controller = new AbortController();
    const outcome = Promise.resolve(calls[name]?.({ signal: controller.signal }));
    controller.abort("typed on");
    await expect(outcome).rejects.toBe("typed on");
  });

  test("ends with cancel()", async () => {
    const run = model.llama.generate(prompt);
    run.cancel();
    expect(await run).toMatchObject({ finishReason: "abort", text: "" });
  });
});

describe("compiling a JSON schema", () => {
  const model = useTinyModel();
  // Each pattern needs some thousand states.
  const schema = (title: string) => {
    const names = Array.from({ length: 8 }, (_, i) => [`p${i}`, { pattern: `a.{10}${i}$` }]);
    return { title, type: "object", properties: Object.fromEntries(names) };
  };
  const compile = (title: string, options: GenerateOptions = {}) =>
    model.llama.generate("x", { jsonSchema: schema(title), maxTokens: 1, ...options });

  test("does not start if its request is cancelled first", async () => {
    const whole = await processorTime(() => compile("whole").then());
    const cancelled = await processorTime(async () => {
      const runs: Generation[] = [];
      while (runs.length < 40) {
        runs.push(compile(`cancelled ${runs.length}`));
        await turn();
      }
      for (const run of runs) run.cancel();
      await Promise.all(runs);
      await Promise.all([compile("last 1"), compile("last 2")]);
    });
    expect(cancelled).toBeLessThan(12 * whole);
  });

  test("continues for another request with the same schema", async () => {
    const [first, second] = [compile("shared"), compile("shared")];
    first.cancel();
    expect((await first).finishReason).toBe("abort");
    expect((await second).finishReason).toBe("length");
  });

  test("starts again after it was cancelled", async () => {
    const first = compile("again");
    first.cancel();
    expect((await first).finishReason).toBe("abort");
    expect((await compile("again")).finishReason).toBe("length");
  });
});
