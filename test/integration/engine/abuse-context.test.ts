import { expect, test } from "vitest";
import { expectStableText, stableLines, stablePrompt } from "../../helpers/stable-texts.ts";
import { loadTinyModel } from "../../helpers/tiny-model.ts";

test("eight requests preempt each other in a context with room for one, and no text changes", async () => {
  await using llama = await loadTinyModel({ contextSize: 256, parallel: 8 });
  const options = { temperature: 0, ignoreEos: true, maxTokens: 200 } as const;
  const results = await Promise.all(
    stableLines.map((line) => llama.generate(stablePrompt(line), options)),
  );
  for (const [index, { text, usage }] of results.entries()) {
    expectStableText(text, stableLines[index] ?? "");
    expect(usage.completionTokens).toBe(200);
  }
  expect(llama.stats()).toMatchObject({ running: 0, queued: 0, kvCellsUsed: 0, kvCells: 256 });
});

test("a prompt that is too long for the context window fails without affecting other requests", async () => {
  await using llama = await loadTinyModel({ contextSize: 256, parallel: 2 });
  const stream = llama.generate("def add(", { maxTokens: 100, ignoreEos: true });
  const tooLong = llama.generate("x = 1\n".repeat(300));
  await expect(tooLong).rejects.toMatchObject({ code: "CONTEXT_OVERFLOW" });
  expect((await stream).usage.completionTokens).toBe(100);
});
