import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { CodeLlama } from "../../../lib/index.ts";
import { expectStableText, stableLines, stablePrompt } from "../../helpers/stable-texts.ts";
import { modelPath, useTinyModel } from "../../helpers/tiny-model.ts";

const model = useTinyModel();
const endless = { temperature: 0, ignoreEos: true } as const;

function idle(): void {
  expect(model.llama.stats()).toMatchObject({ running: 0, queued: 0, kvCellsUsed: 0 });
}

test("cancel() resolves with the text so far", async () => {
  const generation = model.llama.generate("def f(", endless);
  let chunks = 0;
  for await (const _ of generation) {
    chunks++;
    if (chunks === 10) generation.cancel();
  }
  const result = await generation;
  expect(result.finishReason).toBe("abort");
  expect(result.text).toBe(generation.text);
  expect(result.tokens.length).toBeGreaterThanOrEqual(10);
  expect(result.tokens.length).toBeLessThan(1000);
  idle();
});

test("cancel() after the end does nothing", async () => {
  const generation = model.llama.generate("def f(", { ...endless, maxTokens: 3 });
  await generation;
  generation.cancel();
  expect((await generation).finishReason).toBe("length");
});

test("leaving the loop cancels the generation", async () => {
  const generation = model.llama.generate("def f(", endless);
  for await (const _ of generation) break;
  expect((await generation).finishReason).toBe("abort");
  idle();
});

describe("a signal", () => {
  test("rejects the result and the iteration with its reason", async () => {
    const controller = new AbortController();
    const generation = model.llama.generate("def f(", { ...endless, signal: controller.signal });
    const reason = new Error("the user typed on");
    const read = async () => {
      for await (const _ of generation) controller.abort(reason);
    };
    await expect(read()).rejects.toBe(reason);
    await expect(generation).rejects.toBe(reason);
    idle();
  });

  test("that aborted before the call rejects without any work", async () => {
    const generation = model.llama.generate("def f(", { signal: AbortSignal.abort("early") });
    await expect(generation).rejects.toBe("early");
  });

  test("that aborts after the end does nothing", async () => {
    const controller = new AbortController();
    const options = { ...endless, maxTokens: 3, signal: controller.signal };
    const generation = model.llama.generate("def f(", options);
    await generation;
    controller.abort();
    expect((await generation).finishReason).toBe("length");
  });

  test("stops the prefill of a long prompt", async () => {
    const prompt = model.llama.tokenize("x = [1, 2, 3]\n".repeat(200), { bos: true });
    const controller = new AbortController();
    const options = { ...endless, signal: controller.signal };
    const generation = model.llama.generate(prompt.slice(0, 2000), options);
    await sleep(20);
    controller.abort("enough");
    await expect(generation).rejects.toBe("enough");
    idle();
  });
});

test("a cancelled prompt does not disturb a parallel stream", async () => {
  const options = { temperature: 0, maxTokens: 80, ignoreEos: true } as const;
  const stream = model.llama.generate(stablePrompt(stableLines[1]), options);
  const prompt = model.llama.tokenize("x = [1, 2, 3]\n".repeat(200), { bos: true });
  for await (const _ of stream) {
    const long = model.llama.generate(prompt.slice(0, 1500), endless);
    await sleep(1);
    long.cancel();
    expect((await long).finishReason).toBe("abort");
  }
  expectStableText((await stream).text, stableLines[1]);
});

test("textStream yields the text, and cancelling it cancels the generation", async () => {
  const whole = model.llama.generate("def fibonacci(n", { temperature: 0, maxTokens: 40 });
  let text = "";
  for await (const part of whole.textStream) text += part;
  expect(text).toBe((await whole).text);

  const cut = model.llama.generate("def f(", endless);
  const reader = cut.textStream.getReader();
  await reader.read();
  await reader.cancel();
  expect((await cut).finishReason).toBe("abort");
});

describe("a generation that nobody has read from", () => {
  test("ends when its textStream is cancelled", async () => {
    const generation = model.llama.generate("def f(", endless);
    await generation.textStream.cancel();
    expect((await generation).finishReason).toBe("abort");
    idle();
  });

  test.each(["return", "throw"] as const)("ends by its iterator's %s()", async (method) => {
    const generation = model.llama.generate("def f(", endless);
    await generation[Symbol.asyncIterator]()
      [method](undefined)
      .catch(() => {});
    expect((await generation).finishReason).toBe("abort");
    idle();
  });
});

test("return() and textStream.cancel() end a generation that waits for its first text", async () => {
  const busy = Array.from({ length: 8 }, () => model.llama.generate("def f(", endless));
  for (const each of busy) each.catch(() => {});
  const waiting = { ...endless, priority: "background" } as const;
  const iterated = model.llama.generate("def g(", waiting);
  const chunks = iterated[Symbol.asyncIterator]();
  const next = chunks.next();
  await chunks.return();
  expect(await next).toEqual({ done: true, value: undefined });

  const streamed = model.llama.generate("def h(", waiting);
  const reader = streamed.textStream.getReader();
  const read = reader.read();
  await reader.cancel();
  expect(await read).toEqual({ done: true, value: undefined });

  for (const each of [iterated, streamed]) expect((await each).text).toBe("");
  for (const each of busy) each.cancel();
  await Promise.all(busy);
  idle();
});

describe("a signal of another library", () => {
  class ForeignSignal {
    readonly [Symbol.toStringTag] = "AbortSignal";
    aborted = false;
    readonly #listeners: ((event?: unknown) => void)[] = [];

    addEventListener(_: string, listener: () => void): void {
      this.#listeners.push(listener);
    }

    removeEventListener(): void {
      throw new Error("this signal cannot remove a listener");
    }

    abort(event?: unknown): void {
      this.aborted = true;
      for (const listener of this.#listeners) listener(event);
    }
  }

  test.each([undefined, { type: "abort", target: {} }])(
    "that passes %j to its listeners aborts",
    async (event) => {
      const signal = new ForeignSignal();
      const options = { ...endless, signal: signal as unknown as AbortSignal };
      const generation = model.llama.generate("def f(", options);
      const read = async () => {
        for await (const _ of generation) if (!signal.aborted) signal.abort(event);
      };
      await expect(read()).rejects.toMatchObject({ name: "AbortError" });
      await expect(generation).rejects.toMatchObject({ name: "AbortError" });
      idle();
    },
  );

  test("that cannot remove a listener does not change the result", async () => {
    const signal = new ForeignSignal() as unknown as AbortSignal;
    const generation = model.llama.generate("def f(", { ...endless, maxTokens: 3, signal });
    let text = "";
    for await (const chunk of generation) text += chunk.text;
    expect((await generation).text).toBe(text);
  });
});

test("catch() and finally() work like those of a promise", async () => {
  const rejected = model.llama.generate("def f(", { signal: AbortSignal.abort("early") });
  expect(await rejected.catch((reason) => `caught ${reason}`)).toBe("caught early");
  let ended = 0;
  const result = await model.llama.generate("def f(", { ...endless, maxTokens: 2 }).finally(() => {
    ended++;
  });
  expect([ended, result.tokens.length]).toEqual([1, 2]);
});

test("a generation can be iterated only once", async () => {
  const generation = model.llama.generate("def f(", { ...endless, maxTokens: 3 });
  for await (const _ of generation);
  await expect(generation[Symbol.asyncIterator]().next()).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
  });
});

test("a failure that nobody awaits is not an unhandled rejection", async () => {
  const rejections: unknown[] = [];
  const onRejection = (reason: unknown) => rejections.push(reason);
  process.on("unhandledRejection", onRejection);
  const generation = model.llama.generate("x".repeat(1_000_000));
  // The iterator shows that the generation has failed. Nobody awaits the result.
  const chunks = generation[Symbol.asyncIterator]();
  await expect(chunks.next()).rejects.toMatchObject({ code: "CONTEXT_OVERFLOW" });
  await sleep(1);
  process.off("unhandledRejection", onRejection);
  expect(rejections).toEqual([]);
});

describe("loading", () => {
  test("reports its progress from 0 to 1", async () => {
    const fractions: number[] = [];
    const llama = await CodeLlama.load(modelPath, {
      threads: 1,
      onProgress: (fraction) => fractions.push(fraction),
    });
    await llama.close();
    expect(fractions.length).toBeGreaterThan(2);
    expect(fractions.at(-1)).toBe(1);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
  });

  test("rejects with the reason of its signal", async () => {
    const controller = new AbortController();
    const loading = CodeLlama.load(modelPath, {
      threads: 1,
      signal: controller.signal,
      onProgress: () => controller.abort("changed my mind"),
    });
    await expect(loading).rejects.toBe("changed my mind");
  });

  test("does not start if the signal has already aborted", async () => {
    const signal = AbortSignal.abort("no");
    await expect(CodeLlama.load(modelPath, { signal })).rejects.toBe("no");
  });
});

test("a signal with earlier listeners cancels too", async () => {
  const { llama } = model;
  const controller = new AbortController();
  controller.signal.addEventListener("abort", () => {});
  const generation = llama.generate("x", {
    maxTokens: 1000,
    ignoreEos: true,
    signal: controller.signal,
  });
  setTimeout(() => controller.abort(), 20);
  await expect(generation).rejects.toMatchObject({ name: "AbortError" });
});
