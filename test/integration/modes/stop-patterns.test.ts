import { beforeAll, describe, expect, test } from "vitest";
import type { GenerateOptions } from "../../../lib/index.ts";
import { useTinyModel } from "../../helpers/tiny-model.ts";

const model = useTinyModel({ parallel: 4 });

const prompt = "def fibonacci(n):\n";
const greedy = { temperature: 0, maxTokens: 96 } as const;
let plain = "";

beforeAll(async () => {
  ({ text: plain } = await model.llama.generate(prompt, greedy));
});

/** The text before the first match, and the match, in the model's own text. */
function cut(pattern: RegExp) {
  const found = pattern.exec(plain);
  if (found === null) throw new Error(`${pattern} does not match ${JSON.stringify(plain)}`);
  return { text: plain.slice(0, found.index), stopString: found[0], finishReason: "stop" };
}

describe("a regular expression as stop", () => {
  test.each<[string, GenerateOptions, RegExp]>([
    ["one expression", { stop: /\s*return/ }, /\s*return/],
    ["an expression beside a text", { stop: ["no such text", /\n\s*r/] }, /\n\s*r/],
    ["a source", { stopRegex: "\\s+(?i:RETURN)" }, /\s+return/],
    ["an anchor", { stop: /^ +r/m }, /^ +r/m],
  ])("ends the text: %s", async (_, options, pattern) => {
    expect(await model.llama.generate(prompt, { ...greedy, ...options })).toMatchObject(
      cut(pattern),
    );
  });

  test("shows no part of a match in a stream, and a pattern without a match changes nothing", async () => {
    let streamed = "";
    const generation = model.llama.generate(prompt, { ...greedy, stop: /\s*return/ });
    for await (const { text } of generation) streamed += text;
    expect(streamed).toBe(cut(/\s*return/).text);
    const other = await model.llama.generate(prompt, { ...greedy, stop: /\s+never\d+/ });
    expect(other.text).toBe(plain);
  });

  test("ends each of several answers, beams, infills and chats", async () => {
    const stop = /\s*\n/;
    const { choices } = await model.llama.generate(prompt, {
      maxTokens: 64,
      temperature: 1,
      n: 3,
      stop,
    });
    for (const { text } of choices ?? []) expect(text).not.toMatch(stop);
    const beams = await model.llama.generate(prompt, { maxTokens: 32, beams: 2, stop });
    expect(beams.text).not.toMatch(stop);
    const filled = await model.llama.infill("def f(x):\n    <FILL_ME>\n", { maxTokens: 32, stop });
    expect(filled.text).not.toMatch(stop);
    const options = { force: true, maxTokens: 32, stop } as const;
    const answer = await model.llama.chat([{ role: "user", content: "Write two lines." }], options);
    expect(answer.text).not.toMatch(stop);
  });

  test("ends a text that follows a grammar", async () => {
    const { text, stopString, finishReason } = await model.llama.generate("x", {
      grammar: 'root ::= "a"{20} "b"{20}',
      stop: /[ab]{30}/,
    });
    expect({ text, stopString, finishReason }).toEqual({
      text: "",
      stopString: `${"a".repeat(20)}${"b".repeat(10)}`,
      finishReason: "stop",
    });
  });

  test.each<[string, RegExp, RegExp]>([
    ["an empty match", /a*/, /matches the empty text/],
    ["the end of the text", /a$/, /\$ without the flag m/],
    ["a lookbehind", /(?<=a)b/, /lookbehind/],
    ["too many states", /a{3000}/, /more than 2000 states/],
    ["no match", /^^(?=a)b/, /matches no text/],
  ])("rejects %s by name", async (_, stop, message) => {
    await expect(model.llama.generate(prompt, { stop })).rejects.toMatchObject({
      code: "INVALID_GRAMMAR",
      message: expect.stringMatching(message),
    });
  });

  test.each<[string, object, RegExp]>([
    ["the flag y", { stop: /a/y }, /stop must be/],
    ["17 expressions", { stop: Array(17).fill(/a/) }, /at most 16 regular expressions/],
    ["an unknown preset", { stopAt: "end" }, /stopAt must be "fence", "dedent" or "function"/],
  ])("rejects %s", (_, options, message) => {
    expect(() => model.llama.generate(prompt, options)).toThrow(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        message: expect.stringMatching(message),
      }),
    );
  });
});

describe("stopAt", () => {
  /** Makes the model write a text, and ends it. */
  async function write(text: string, options: GenerateOptions, before = "x\n") {
    const grammar = `root ::= ${JSON.stringify(text)} "#"{0,9}`;
    const result = await model.llama.generate(before, { grammar, ...options });
    return [result.text, result.stopString];
  }

  test.each<[string, NonNullable<GenerateOptions["stopAt"]>, string, string]>([
    ["a closing fence", "fence", "x = 1\n\n```\nmore", "x = 1"],
    ["an opening fence goes on", "fence", "Look:\n```python\nx\n```\n", "Look:\n```python\nx"],
    ["the next function", "function", "    return 1\n\n\ndef g():\n", "    return 1"],
    ["the next exported class", "function", "}\nexport default class A {", "}"],
    ["a decorator", ["fence", "function"], "  a\n@b\n", "  a"],
    ["a dedent", "dedent", "    a\n      b\n\n  c\n", "    a\n      b"],
  ])("%s", async (_, stopAt, text, expected) => {
    const [shown = "", matched = ""] = await write(text, { stopAt });
    expect(shown).toBe(expected);
    expect(text.startsWith(shown + matched)).toBe(true);
  });

  test("a dedent is measured from the line that the prompt has begun", async () => {
    const before = "def f():\n    x = ";
    expect(await write("1\n    y\nz", { stopAt: "dedent" }, before)).toEqual(["1\n    y", "\nz"]);
    const tokens = model.llama.tokenize(before, { bos: true });
    const grammar = 'root ::= "1\\nz"';
    const { text } = await model.llama.generate(tokens, { grammar, stopAt: "dedent" });
    expect(text).toBe("1");
    const hole = { prefix: before, suffix: "\n" };
    const filled = await model.llama.infill(hole, { ...greedy, stopAt: "dedent" });
    expect(filled.text).not.toMatch(/\n\S/);
  });

  test("a chat refuses a dedent", () => {
    expect(() =>
      model.llama.chat([{ role: "user", content: "x" }], { stopAt: "dedent", force: true }),
    ).toThrow(/stopAt: "dedent" needs a text to continue/);
  });
});
