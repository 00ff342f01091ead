import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { CodeLlama } from "../../../lib/index.ts";
import { loadTinyModel, useTinyModel } from "../../helpers/tiny-model.ts";

const model = useTinyModel();

/**
 * A schema that takes a second to convert: the automaton of each pattern has 4,096 states. Each title makes a
 * new schema.
 */
function slowSchema(title: string): object {
  const pattern = (i: number) => ({ type: "string", pattern: `^[${i}ab]*a[ab]{12}$` });
  const names = Array.from({ length: 10 }, (_, i) => [`p${i}`, pattern(i)]);
  return { title, type: "object", properties: Object.fromEntries(names) };
}

/**
 * Generations that keep all threads for schemas busy until cancel(). No test waits for the end of these
 * conversions, which would take long on a slow machine.
 */
function convertSlowly(llama: CodeLlama, name: string, count: number) {
  let settled = 0;
  const runs = Array.from({ length: count }, (_, i) =>
    llama.generate("x", { jsonSchema: slowSchema(`${name} ${i}`), maxTokens: 1 }),
  );
  const settlements = runs.map((run) =>
    run
      .then(
        () => {},
        () => {},
      )
      .then(() => {
        settled++;
      }),
  );
  return {
    get settled() {
      return settled;
    },
    async cancel() {
      for (const run of runs) run.cancel();
      await Promise.all(settlements);
    },
  };
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
  test("slow schemas", async () => {
    const { llama } = model;
    const slow = convertSlowly(llama, "slow", 6);
    await Promise.all([
      llama.tokenizeLong("ab c ".repeat(2000)),
      readFile(new URL(import.meta.url)),
      llama.generate("x", { maxTokens: 1 }),
    ]);
    expect(slow.settled).toBeLessThan(6);
    await slow.cancel();
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
  test.each(["cancel", "signal", "timeout"])("%s settles the caller at once", async (way) => {
    // Two threads convert these schemas, so the caller's own schema waits for three of them.
    const others = convertSlowly(model.llama, way, 4);
    const controller = new AbortController();
    const run = model.llama.generate("x", {
      jsonSchema: slowSchema(`${way} itself`),
      maxTokens: 1,
      signal: controller.signal,
      ...(way === "timeout" && { timeoutMs: 20 }),
    });
    const outcome = run.then(
      ({ finishReason }) => finishReason,
      (reason: unknown) => reason,
    );
    await sleep(5);
    if (way === "cancel") run.cancel();
    if (way === "signal") controller.abort("typed on");
    expect(await outcome).toBe({ cancel: "abort", signal: "typed on", timeout: "timeout" }[way]);
    expect(others.settled).toBeLessThan(4);
    await others.cancel();
  });

  test("close() settles the caller at once", async () => {
    const llama = await loadTinyModel();
    const others = convertSlowly(model.llama, "close", 4);
    const run = llama.generate("x", { jsonSchema: slowSchema("closed"), maxTokens: 1 });
    const text = llama.tokenizeLong(longText);
    const outcomes = Promise.allSettled([run, text]);
    await llama.close();
    const closed = { status: "rejected", reason: { code: "CLOSED" } };
    expect(await outcomes).toMatchObject([closed, closed]);
    expect(others.settled).toBeLessThan(4);
    await others.cancel();
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
