import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { loadTinyModel, useTinyModel } from "../../helpers/tiny-model.ts";

const model = useTinyModel();

/** A schema that takes some hundred milliseconds to convert. Each title makes a new schema. */
function largeSchema(title: string): object {
  const names = Array.from({ length: 500 }, (_, i) => [`p${i}`, { type: "integer" }]);
  return { title, type: "object", properties: Object.fromEntries(names) };
}

const longText = "some words of a long text, and more of them\n".repeat(40_000);

/** Returns the names of promises in the order in which they settle. */
async function orderOf(work: Readonly<Record<string, PromiseLike<unknown>>>): Promise<string[]> {
  const order: string[] = [];
  const settled = Object.entries(work).map(([name, promise]) =>
    promise.then(
      () => order.push(name),
      () => order.push(name),
    ),
  );
  await Promise.all(settled);
  return order;
}

const last = (order: readonly string[], prefix: string) =>
  order.findLastIndex((name) => name.startsWith(prefix));

describe("long work on other threads does not delay short work", () => {
  test("large schemas", async () => {
    const { llama } = model;
    const compile = (name: string) =>
      llama.generate("x", { jsonSchema: largeSchema(name), maxTokens: 1 }).then();
    const order = await orderOf({
      "large 0": compile("a"),
      "large 1": compile("b"),
      "large 2": compile("c"),
      "large 3": compile("d"),
      "large 4": compile("e"),
      "large 5": compile("f"),
      "long prompt": llama.tokenizeLong("ab c ".repeat(2000)),
      file: readFile(new URL(import.meta.url)),
      "no schema": llama.generate("x", { maxTokens: 1 }),
    });
    for (const name of ["long prompt", "file", "no schema"]) {
      expect(order.indexOf(name), order.join()).toBeLessThan(last(order, "large"));
    }
  });

  test("long texts", async () => {
    const { llama } = model;
    const order = await orderOf({
      "long 0": llama.tokenizeLong(longText),
      "long 1": llama.tokenizeLong(longText),
      "long 2": llama.tokenizeLong(longText),
      "long 3": llama.tokenizeLong(longText),
      "long 4": llama.tokenizeLong(longText),
      "short text": llama.tokenizeLong("ab c ".repeat(2000)),
      file: readFile(new URL(import.meta.url)),
      schema: llama.generate("x", { jsonSchema: { type: "integer" }, maxTokens: 1 }),
    });
    for (const name of ["short text", "file", "schema"]) {
      expect(order.indexOf(name), order.join()).toBeLessThan(last(order, "long"));
    }
  });
});

describe("while a schema is converted", () => {
  /** Generations that keep all threads for schemas busy. */
  const busy = (name: string) =>
    Array.from({ length: 4 }, (_, i) => {
      const jsonSchema = largeSchema(`${name} ${i}`);
      return model.llama.generate("x", { jsonSchema, maxTokens: 1 });
    });

  test.each(["cancel", "signal", "timeout"])("%s settles the caller at once", async (way) => {
    const others = busy(way);
    const controller = new AbortController();
    const run = model.llama.generate("x", {
      jsonSchema: largeSchema(`${way} itself`),
      maxTokens: 1,
      signal: controller.signal,
      ...(way === "timeout" && { timeoutMs: 20 }),
    });
    const outcome = run.then(
      ({ finishReason }) => finishReason,
      (reason: unknown) => reason,
    );
    const order = orderOf({ own: outcome, others: Promise.all(others) });
    await sleep(5);
    if (way === "cancel") run.cancel();
    if (way === "signal") controller.abort("typed on");
    expect(await outcome).toBe({ cancel: "abort", signal: "typed on", timeout: "timeout" }[way]);
    expect(await order).toEqual(["own", "others"]);
  });

  test("close() settles the caller at once", async () => {
    const llama = await loadTinyModel();
    const others = busy("close");
    const run = llama.generate("x", { jsonSchema: largeSchema("closed"), maxTokens: 1 });
    const text = llama.tokenizeLong(longText);
    const order = orderOf({
      run,
      text,
      closed: Promise.allSettled([run, text]),
      others: Promise.all(others),
    });
    await llama.close();
    await expect(run).rejects.toMatchObject({ code: "CLOSED" });
    await expect(text).rejects.toMatchObject({ code: "CLOSED" });
    expect((await order).at(-1)).toBe("others");
  });
});

test("a signal stops tokenizing a prompt at once", async () => {
  const controller = new AbortController();
  const others = model.llama.tokenizeLong(longText);
  // The text does not fit the context window, but that is known only after it is tokenized.
  const run = model.llama.generate(longText.slice(0, 40_000), { signal: controller.signal });
  controller.abort("enough");
  await expect(run).rejects.toBe("enough");
  await others;
});
