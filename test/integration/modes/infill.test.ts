import { describe, expect, test } from "vitest";
import { chooseOrder } from "../../../lib/modes/infill.ts";
import { useTinyModel } from "../../helpers/tiny-model.ts";

const model = useTinyModel();
const greedy = { temperature: 0 } as const;

const before = 'def remove_non_ascii(s: str) -> str:\n    """ ';
const after = "\n    return result\n";
const middle =
  'Remove non-ASCII characters from a string."""\n    result = ""\n    for c in s:\n' +
  "        if ord(c) < 128:\n            result += c";

const loopBefore =
  'def fibonacci(n: int) -> int:\n    """Return the n-th Fibonacci number."""\n    a, b = 0, 1\n    ';
const loopAfter = "\n        a, b = b, a + b\n    return a\n";
const loop = "for _ in range(n):";

test.each(["<FILL_ME>", "<FILL>"])("fills a text with %s", async (marker) => {
  const result = await model.llama.infill(`${loopBefore}${marker}${loopAfter}`, greedy);
  expect(result).toMatchObject({
    text: loop,
    fills: [loop],
    fullText: loopBefore + loop + loopAfter,
    finishReason: "stop",
  });
});

test("streams the text", async () => {
  const generation = model.llama.infill({ prefix: loopBefore, suffix: loopAfter }, greedy);
  let text = "";
  for await (const chunk of generation) text += chunk.text;
  expect(text).toBe(loop);
  expect((await generation).text).toBe(loop);
});

test("fills several holes from left to right, each with the earlier results in its prompt", async () => {
  const { llama } = model;
  const text = `${loopBefore}<FILL_ME>${loopAfter}\n\n${before}<FILL_ME>${after}`;
  const result = await llama.infill(text, { ...greedy, order: "psm", maxTokens: 80 });
  const first = result.fills[0] ?? "";
  const second = await llama.infill(
    { prefix: `${loopBefore}${first}${loopAfter}\n\n${before}`, suffix: after },
    { ...greedy, order: "psm", maxTokens: 80 },
  );
  expect(result.fills).toEqual([first, second.text]);
  expect(result.text).toBe(first + second.text);
  expect(result.fullText).toBe(
    `${loopBefore}${first}${loopAfter}\n\n${before}${second.text}${after}`,
  );
  expect(result.tokens.length).toBe(result.usage.completionTokens);
});

test("stops at the first line break with singleLine", async () => {
  const hole = { prefix: before, suffix: after, order: "spm" } as const;
  expect((await model.llama.infill(hole, greedy)).text).toBe(middle);
  const { text, finishReason } = await model.llama.infill(hole, { ...greedy, singleLine: true });
  expect(text).toBe(middle.slice(0, middle.indexOf("\n")));
  expect(finishReason).toBe("stop");
});

test("cancel() keeps the holes filled so far", async () => {
  const generation = model.llama.infill(`${loopBefore}<FILL_ME>\n<FILL_ME>`, greedy);
  generation.cancel();
  expect(await generation).toMatchObject({
    finishReason: "abort",
    fills: [""],
    fullText: `${loopBefore}\n`,
  });
});

test("computes only the new characters while a user types", async () => {
  const suffix = `\n    return total\n${"# The rest of a long file.\n".repeat(20)}`;
  let prefix = "def total_of(numbers):\n    ";
  const computed: number[] = [];
  for (const key of "total = 0") {
    prefix += key;
    const { usage } = await model.llama.infill({ prefix, suffix }, { ...greedy, maxTokens: 2 });
    computed.push(usage.promptTokens - usage.cachedTokens);
  }
  expect(Math.max(...computed.slice(1))).toBeLessThan(8);
});

describe("texts that are too long", () => {
  const short = useTinyModel({ contextSize: 512 });
  const filler = "x = 1\n".repeat(400);
  const hole = { prefix: filler + loopBefore, suffix: loopAfter + filler, order: "psm" } as const;

  test("are cut, and the text near the hole is kept", async () => {
    const { text, fullText, usage } = await short.llama.infill(hole, greedy);
    expect(fullText).toBe(hole.prefix + text + hole.suffix);
    expect(usage.promptTokens).toBeLessThanOrEqual(512 - 128);
    expect(usage.promptTokens).toBeGreaterThan(200);
  });

  test('are rejected with overflow: "error"', async () => {
    await expect(short.llama.infill(hole, { overflow: "error" })).rejects.toMatchObject({
      code: "CONTEXT_OVERFLOW",
    });
  });

  test("can have any size and content", async () => {
    for (const text of [
      "x".repeat(1e6),
      "\n".repeat(1e5),
      "🚀".repeat(1e5),
      `${"漢".repeat(1e5)}\n`,
    ]) {
      const { usage } = await short.llama.infill(
        { prefix: text, suffix: text },
        { ...greedy, maxTokens: 1 },
      );
      expect(usage.promptTokens).toBeLessThan(512);
    }
  });
});

test("cuts or drops a repository file that exceeds the context window", async () => {
  const { llama } = model;
  const hole = { prefix: loopBefore, suffix: loopAfter, order: "psm" } as const;
  const whole = { path: "a.py", text: "LIMIT = 10\n".repeat(300_000) };
  const cut = await llama.infill(hole, { ...greedy, context: [whole], contextTokens: 20 });
  const lines = "LIMIT = 10\n".repeat(2);
  const expected = llama.encodeInfill({ ...hole, prefix: `# a.py\n${lines}\n${loopBefore}` });
  expect(cut.usage.promptTokens).toBe(expected.length);

  const oneLine = { path: "a.py", text: "x".repeat(3_000_000) };
  const dropped = await llama.infill(hole, { ...greedy, context: [oneLine] });
  expect(dropped.usage.promptTokens).toBe(llama.encodeInfill(hole).length);
});

test("puts repository files before the prefix", async () => {
  const { llama } = model;
  const context = [{ path: "src/numbers.py", text: "LIMIT = 10\n" }];
  const hole = { prefix: loopBefore, suffix: loopAfter, order: "psm" } as const;
  const { usage, text, fullText } = await llama.infill(hole, { ...greedy, context });
  const expected = llama.encodeInfill({
    ...hole,
    prefix: `# src/numbers.py\nLIMIT = 10\n\n${loopBefore}`,
  });
  expect(usage.promptTokens).toBe(expected.length);
  expect(text).toBe(loop);
  expect(fullText).toBe(loopBefore + loop + loopAfter);
});

test('removes an end that repeats the suffix with trim: "overlap"', async () => {
  // The model repeats the line of the prefix, which is also the first line of the suffix.
  const text = "x = 1\n".repeat(8);
  const hole = { prefix: text, suffix: "x = 1\nprint(x)\n", order: "psm" } as const;
  const options = { ...greedy, maxTokens: 200 } as const;
  const { text: whole } = await model.llama.infill(hole, options);
  const { text: trimmed } = await model.llama.infill(hole, { ...options, trim: "overlap" });
  expect(whole.startsWith(trimmed)).toBe(true);
  expect((trimmed + hole.suffix).startsWith(whole) || trimmed === whole).toBe(true);
});

describe("splitCode()", () => {
  test("cuts source code into pieces of at most maxTokens tokens", () => {
    const text = (loopBefore + loop + loopAfter).repeat(10);
    const pieces = model.llama.splitCode(text, { maxTokens: 150 });
    expect(pieces.join("")).toBe(text);
    for (const piece of pieces) expect(model.llama.countTokens(piece)).toBeLessThanOrEqual(150);
  });

  test.each<[string, object, RegExp]>([
    ["a missing size", {}, /maxTokens is missing/],
    ["a size of 1", { maxTokens: 1 }, /maxTokens must be a whole number between 8/],
    ["a large overlap", { maxTokens: 10, overlap: 6 }, /at most half of maxTokens/],
    ["a misspelt option", { maxTokens: 9, overlaps: 1 }, /"overlap"/],
  ])("rejects %s", (_, options, message) => {
    expect(() => model.llama.splitCode("x", options as { maxTokens: number })).toThrow(message);
  });
});

describe("the prompt contains each control token once, whatever the texts spell", () => {
  const texts = ["", "x", " <PRE> <SUF>", "<MID> <EOT>", "</s><s>", "a <EOT>\n", "[INST] <<SYS>>"];
  test.each(texts.flatMap((prefix) => texts.map((suffix) => [prefix, suffix] as const)))(
    "%j %j",
    (prefix, suffix) => {
      for (const order of ["psm", "spm"] as const) {
        const tokens = model.llama.encodeInfill({ prefix, suffix, order });
        const control = tokens.filter((token) => token < 3 || token >= 32007);
        expect([...control].toSorted()).toEqual([1, 32007, 32008, 32009]);
      }
    },
  );
});

test("order auto puts the suffix first, except inside a line without token healing", () => {
  expect(chooseOrder("def add(a, b):\n    retu", true, true)).toBe("spm");
  expect(chooseOrder("def add(a, b):\n", true, false)).toBe("spm");
  expect(chooseOrder("", true, false)).toBe("spm");
  expect(chooseOrder("def add(a, b):\n    retu", true, false)).toBe("psm");
});

describe("token healing continues inside a word", () => {
  // Cut inside the words `non`, `range` and `return`, and after a space that belongs to a word.
  test.each([
    [loopBefore, "for _ in ra", "nge(n):", loopAfter],
    [loopBefore, "fo", "r _ in range(n):", loopAfter],
    [loopBefore, "for _ ", "in range(n):", loopAfter],
    [before, "Remove non-ASC", middle.slice("Remove non-ASC".length), after],
  ])("…%#", async (start, typed, rest, suffix) => {
    const hole = { prefix: start + typed, suffix, order: "spm" } as const;
    const { text, finishReason } = await model.llama.infill(hole, greedy);
    expect({ text, finishReason }).toEqual({ text: rest, finishReason: "stop" });
  });

  test("without changing the prefix", async () => {
    // No word starts with these letters. The model must still spell them.
    const hole = { prefix: "x = qzx", suffix: "\n", order: "spm" } as const;
    const { tokens, text } = await model.llama.infill(hole, { ...greedy, maxTokens: 6 });
    const [first, ...others] = tokens;
    const written = model.llama.detokenize([first ?? 0, ...others]).trimStart();
    expect(`qzx${text}`.endsWith(written)).toBe(true);
  });
});

describe("infill() rejects", () => {
  test.each<[string, unknown, object, RegExp]>([
    ["a text without a hole", "x = 1", {}, /<FILL_ME> or <FILL>/],
    ["a missing suffix", { prefix: "x" }, {}, /suffix must be a string .* \(got undefined\)/],
    [
      "a prefix that is not a string",
      { prefix: 1, suffix: "" },
      {},
      /prefix must be a string .* \(got 1\)/,
    ],
    ["an unknown order", { prefix: "", suffix: "" }, { order: "pms" }, /"auto", "psm" or "spm"/],
    ["a misspelt option", { prefix: "", suffix: "" }, { singleline: true }, /"singleLine"/],
    ["an option of generate()", { prefix: "", suffix: "" }, { special: true }, /unknown/],
    [
      "context that is not an array",
      { prefix: "", suffix: "" },
      { context: "x" },
      /\{ path, text \}/,
    ],
    ["null", null, {}, /must be an object/],
  ])("%s", (_, input, options, message) => {
    expect(() => model.llama.infill(input as string, options)).toThrow(message);
  });
});
