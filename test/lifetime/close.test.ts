import { modelPath } from "codellama-tiny";
import { expect, test } from "vitest";
import { CodeLlama, CodeLlamaError } from "../../lib/index.ts";
import { loadTinyModel } from "../helpers/tiny-model.ts";

const closed = expect.objectContaining({ name: "CodeLlamaError", code: "CLOSED" });
const endless = { ignoreEos: true, temperature: 0 } as const;

test("close() can be called several times", async () => {
  const llama = await loadTinyModel();
  await Promise.all([llama.close(), llama.close()]);
  await llama.close();
});

test("`await using` closes the engine", async () => {
  let outside: CodeLlama;
  {
    await using llama = await loadTinyModel();
    outside = llama;
  }
  expect(() => outside.stats()).toThrow(closed);
});

test("close() ends running and waiting requests with CLOSED", async () => {
  const llama = await loadTinyModel({ parallel: 1 });
  const running = llama.generate("def add(", endless);
  const waiting = llama.generate("def subtract(", endless);
  const chunks = running[Symbol.asyncIterator]();
  const first = await chunks.next();
  expect(first.done).toBe(false);

  const closing = llama.close();
  await expect(running).rejects.toEqual(closed);
  await expect(waiting).rejects.toEqual(closed);
  await closing;
  // The reader first gets the text that was generated, then the error.
  await expect(async () => {
    while (!(await chunks.next()).done);
  }).rejects.toEqual(closed);
  expect(running.text).not.toBe("");
});

test("every call after close() throws CLOSED", async () => {
  const llama = await loadTinyModel();
  const closing = llama.close();
  const calls = [
    () => llama.generate("def add("),
    () => llama.tokenize("def add("),
    () => llama.detokenize([1]),
    () => llama.tokenBytes(1),
    () => llama.countTokens("def add("),
    () => llama.stats(),
  ];
  for (const call of calls) expect(call).toThrow(closed);
  await closing;
  for (const call of calls) expect(call).toThrow(closed);
  expect(llama.model.architecture).toBe("llama");
});

test("a finished generation keeps its result after close()", async () => {
  const llama = await loadTinyModel();
  const generation = llama.generate("def add(", { maxTokens: 4 });
  const { text } = await generation;
  await llama.close();
  generation.cancel();
  expect(generation.text).toBe(text);
  await expect(generation).resolves.toMatchObject({ text });
});

test("closing one of two engines does not affect the other", async () => {
  const [first, second] = await Promise.all([loadTinyModel(), loadTinyModel()]);
  const interrupted = first.generate("def add(", endless);
  const complete = second.generate("def add(", { ...endless, maxTokens: 100 });
  const chunks = interrupted[Symbol.asyncIterator]();
  await chunks.next();
  await first.close();
  await expect(interrupted).rejects.toEqual(closed);
  const { text, usage } = await complete;
  expect(usage.completionTokens).toBe(100);
  expect(text.startsWith(interrupted.text)).toBe(true);
  await second.close();
});

test("a load that is aborted at any moment rejects with the signal's reason", async () => {
  const fractions: number[] = [];
  const llama = await loadTinyModel({ onProgress: (fraction) => fractions.push(fraction) });
  await llama.close();
  expect(fractions.at(-1)).toBe(1);

  const last = fractions.length - 1;
  // After the last report, the abort and the end of the load race with each other.
  for (const moment of [0, last >> 1, ...Array<number>(10).fill(last)]) {
    const controller = new AbortController();
    const reason = new Error(`enough after ${fractions[moment]}`);
    let reports = 0;
    const onProgress = () => {
      if (reports++ === moment) controller.abort(reason);
    };
    await expect(loadTinyModel({ signal: controller.signal, onProgress })).rejects.toBe(reason);
  }
});

test("load() with an aborted signal does not touch the file", async () => {
  const signal = AbortSignal.abort();
  await expect(CodeLlama.load("no such file", { signal })).rejects.toBe(signal.reason);
});

test("a load that fails rejects with its own error even if it has a signal", async () => {
  const { signal } = new AbortController();
  const failure = await CodeLlama.load(`${modelPath}.missing`, { signal }).catch((error) => error);
  expect(CodeLlamaError.isInstance(failure) && failure.code).toBe("MODEL_NOT_FOUND");
});
