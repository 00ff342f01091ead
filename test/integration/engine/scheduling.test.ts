import { describe, expect, test } from "vitest";
import type { CodeLlamaError } from "../../../lib/index.ts";
import { expectStableText, stableLines, stablePrompt } from "../../helpers/stable-texts.ts";
import { loadTinyModel, useTinyModel } from "../../helpers/tiny-model.ts";

const line = stableLines[0];
const endless = { temperature: 0, ignoreEos: true, maxTokens: 1500 } as const;
const short = { ...endless, maxTokens: 5 } as const;

describe("maxQueue", () => {
  test("rejects a request beyond the queue limit", async () => {
    await using llama = await loadTinyModel({ contextSize: 2048, parallel: 1, maxQueue: 2 });
    const running = llama.generate(stablePrompt(line), endless);
    const waiting = [1, 2].map(() => llama.generate(stablePrompt(line), short));
    const refused = llama.generate(stablePrompt(line), short);
    await expect(refused).rejects.toMatchObject({
      code: "QUEUE_FULL",
      message: expect.stringMatching(/1 requests run \(parallel\) and 2 wait \(maxQueue\)/),
    });
    running.cancel();
    for (const generation of waiting) expectStableText((await generation).text, line);
    expectStableText((await llama.generate(stablePrompt(line), short)).text, line);
  });

  test("counts a request at once, whatever the engine is doing", async () => {
    await using llama = await loadTinyModel({ contextSize: 2048, parallel: 1, maxQueue: 0 });
    const running = llama.generate(stablePrompt(line), endless);
    const refused = llama.generate(stablePrompt(line), short).then(
      () => "accepted",
      (error: unknown) => (error as CodeLlamaError).code,
    );
    // The engine's events arrive in a later turn of the event loop.
    const turn = new Promise((resolve) => setImmediate(resolve, "a turn later"));
    expect(await Promise.race([refused, turn])).toBe("QUEUE_FULL");
    running.cancel();
    // The slot of a cancelled request is free at once.
    expectStableText((await llama.generate(stablePrompt(line), short)).text, line);
  });

  test("of 0 allows no waiting request", async () => {
    await using llama = await loadTinyModel({ contextSize: 2048, parallel: 1, maxQueue: 0 });
    const running = llama.generate(stablePrompt(line), endless);
    const refused = llama.generate(stablePrompt(line), short);
    await expect(refused).rejects.toMatchObject({ code: "QUEUE_FULL" });
    running.cancel();
  });
});

describe("timeoutMs", () => {
  const model = useTinyModel({ contextSize: 2048, parallel: 1 });

  test("ends a stream with the text so far", async () => {
    const { llama } = model;
    let text = "";
    const generation = llama.generate(stablePrompt(line), { ...endless, timeoutMs: 300 });
    for await (const chunk of generation) text += chunk.text;
    const result = await generation;
    expect(result.finishReason).toBe("timeout");
    expect(result.text).toBe(text);
    expectStableText(text, line);
  });

  test("ends a waiting request", async () => {
    const { llama } = model;
    const running = llama.generate(stablePrompt(line), endless);
    const late = await llama.generate(stablePrompt(line), { ...short, timeoutMs: 20 });
    expect(late).toMatchObject({ finishReason: "timeout", text: "" });
    running.cancel();
  });

  test("ends a request that nobody reads", async () => {
    const { llama } = model;
    const unread = llama.generate(stablePrompt(line), { ...endless, timeoutMs: 1000 });
    const iterator = unread[Symbol.asyncIterator]();
    await iterator.next();
    while (llama.stats().running > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    while (!(await iterator.next()).done);
    expect(["timeout", "length"]).toContain((await unread).finishReason);
  });

  test("does not affect a request that ends in time", async () => {
    const result = await model.llama.generate(stablePrompt(line), { ...short, timeoutMs: 100_000 });
    expect(result.finishReason).toBe("length");
  });
});
