import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Generation } from "../../../lib/index.ts";
import { expectStableText, stableLines, stablePrompt } from "../../helpers/stable-texts.ts";
import { loadTinyModel } from "../../helpers/tiny-model.ts";

const greedy = { temperature: 0, ignoreEos: true } as const;
// Tokens that a generation buffers for its reader (lib/generation.ts), and tokens that may be on their
// way when it pauses the engine. Without drafts, one chunk holds one token.
const keptChunks = 256;
const chunksUnderWay = 64;

/** Waits until every generation has text and none grows any more. */
async function untilAllPaused(generations: readonly Generation[]): Promise<void> {
  const lengths = () => generations.map(({ text }) => text.length);
  for (let before: number[] = [0]; ; before = lengths()) {
    await sleep(100);
    if (!before.includes(0) && before.join() === lengths().join()) return;
  }
}

test("a slow reader buffers few chunks and delays no other request", async () => {
  // Without drafts, because a chunk of many draft tokens would let the reader keep up.
  await using llama = await loadTinyModel({ speculation: false });
  const [line, other] = stableLines;
  const options = { ...greedy, maxTokens: 600 };
  const whole = llama.generate(stablePrompt(line), options);
  const lengths: number[] = [];
  for await (const _ of whole) lengths.push(whole.text.length);

  // These requests would not finish in time if the slow reader set the pace of 50 ms per chunk.
  const slow = llama.generate(stablePrompt(line), options);
  const fast = Array.from({ length: 6 }, () =>
    llama.generate(stablePrompt(other), { ...greedy, maxTokens: 100 }),
  );
  let isFastDone = false;
  const allFast = Promise.all(fast).finally(() => {
    isFastDone = true;
  });
  let chunksRead = 0;
  let chunksKept = 0;
  let lengthBefore = 0;
  for await (const _ of slow) {
    chunksRead++;
    chunksKept = Math.max(chunksKept, lengths.indexOf(slow.text.length) + 1 - chunksRead);
    if (isFastDone && slow.text.length === lengthBefore) break;
    lengthBefore = slow.text.length;
    await sleep(50);
  }
  for (const { usage } of await allFast) expect(usage.completionTokens).toBe(100);
  expect(chunksKept).toBeLessThan(keptChunks + chunksUnderWay);
  expect((await slow).finishReason).toBe("abort");
  expect(llama.stats()).toMatchObject({ running: 0, queued: 0, kvCellsUsed: 0 });
});

test("a stream without a reader pauses after the same number of tokens with drafts", async () => {
  const speculation = { maxDraft: 16, adaptive: false };
  await using llama = await loadTinyModel({ parallel: 2, speculation });
  // The prompt repeats one line, so the model accepts nearly every draft.
  const prompt = "x = [1, 2, 3]\n".repeat(20);
  const unread = llama.generate(prompt, { ...greedy, maxTokens: 1500 });
  await untilAllPaused([unread]);
  // Tokens that can arrive while this process is busy.
  const tokensUnderWay = 400;
  const maxCells = llama.countTokens(prompt, { bos: true }) + keptChunks + tokensUnderWay;
  expect(llama.stats()).toMatchObject({ running: 1 });
  expect(llama.stats().kvCellsUsed).toBeLessThan(maxCells);
  const { usage } = await unread;
  expect(usage.completionTokens).toBe(1500);
  expect(usage.acceptedTokens).toBeGreaterThan(1000);
});

test("generations without a reader give up their slots and lose no text", async () => {
  await using llama = await loadTinyModel({ parallel: 2 });
  const options = { ...greedy, maxTokens: 400 };
  const slow = stableLines.slice(0, 3).map((line) => llama.generate(stablePrompt(line), options));
  await untilAllPaused(slow);
  for (const { text } of slow) expect(text).not.toBe("");

  // More requests than the two slots, which the unread generations hold.
  const others = stableLines.map((line) =>
    llama.generate(stablePrompt(line), { ...greedy, maxTokens: 20 }),
  );
  for (const { usage } of await Promise.all(others)) expect(usage.completionTokens).toBe(20);

  const reading = slow.map(async (generation, index) => {
    let text = "";
    for await (const chunk of generation) text += chunk.text;
    expectStableText(text, stableLines[index] ?? "");
    expect((await generation).usage.completionTokens).toBe(400);
  });
  await Promise.all(reading);
  expect(llama.stats()).toMatchObject({ running: 0, queued: 0, kvCellsUsed: 0 });
});

test("awaiting the result of a paused generation resumes it", async () => {
  await using llama = await loadTinyModel();
  const generation = llama.generate("def add(", { ...greedy, maxTokens: 400 });
  await untilAllPaused([generation]);
  expect((await generation).usage.completionTokens).toBe(400);
});

test("a paused generation can be cancelled, aborted and closed", async () => {
  const llama = await loadTinyModel();
  const controller = new AbortController();
  const { signal } = controller;
  const cancelled = llama.generate("def add(", greedy);
  const aborted = llama.generate("def add(", { ...greedy, signal });
  const closed = llama.generate("def add(", greedy);
  await untilAllPaused([cancelled, aborted, closed]);
  cancelled.cancel();
  controller.abort("aborted");
  await expect(cancelled).resolves.toMatchObject({ finishReason: "abort" });
  await expect(aborted).rejects.toBe("aborted");
  await llama.close();
  await expect(closed).rejects.toMatchObject({ code: "CLOSED" });
});
