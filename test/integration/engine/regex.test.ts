import { describe, expect, test } from "vitest";
import { useTinyModel } from "../../helpers/tiny-model.ts";

const model = useTinyModel({ parallel: 4 });

describe("regex", () => {
  test.each([
    /yes|no/,
    /^\d{3}-[a-f]{2}$/,
    /(?:foo|BAR){2}/i,
    /[é漢🚀]{3}/u,
    /a.b/s,
    /^a$\n^b$/m,
    "\\w{1,4}@\\w{1,4}\\.(?i:com|org)",
  ])("allows only matching texts with any sampling: %s", async (regex) => {
    const source = typeof regex === "string" ? regex.replace("(?i:", "(?:") : regex.source;
    const flags = typeof regex === "string" ? "iu" : `${regex.flags.replace("u", "")}u`;
    const whole = new RegExp(`^(?:${source})$`, flags);
    const run = (seed: number) =>
      model.llama.generate("x: ", { regex, temperature: 4, topP: 1, seed, maxTokens: 200 });
    const results = await Promise.all(Array.from({ length: 6 }, (_, seed) => run(seed)));
    const finished = results.filter(({ finishReason }) => finishReason === "stop");
    expect(finished.length).toBeGreaterThan(0);
    for (const { text } of finished) expect(text).toMatch(whole);
  });

  test("works in a chat, with several answers and with a session of requests", async () => {
    const { choices } = await model.llama.chat([{ role: "user", content: "Hi" }], {
      regex: /yes|no/,
      force: true,
      n: 3,
      temperature: 3,
    });
    for (const { text } of choices ?? []) expect(text).toMatch(/^(?:yes|no)$/);
  });

  test.each([
    ["a lookbehind", /(?<=a)b/, /lookbehind, which cannot be enforced, at byte 4/],
    ["a backreference", /(a)\1/, /backreference/],
    ["a word boundary", /\ba/, /word boundary/],
    ["a lookahead in a loop", /(?:(?=a)a)*b/, /lookahead inside a repetition/],
    ["a syntax error", "(a", /unmatched \( at byte 2/],
    ["a pattern without texts", /$a/, /no text matches/],
    ["too many states", "(x{0,100}y{0,100}){0,100}z", /regex: /],
  ])("rejects %s by name", async (_, regex, message) => {
    await expect(model.llama.generate("x", { regex })).rejects.toMatchObject({
      code: "INVALID_GRAMMAR",
      message: expect.stringMatching(message),
    });
  });

  test.each([
    // biome-ignore lint/complexity/useRegexLiterals: the target of TypeScript has no flag v
    ["the flag v", { regex: new RegExp("a", "v") }],
    ["the flag y", { regex: /a/y }],
    ["an empty source", { regex: "" }],
    ["a number", { regex: 1 }],
    ["a long source", { regex: "a".repeat(2 ** 16 + 1) }],
    ["a second structure", { regex: /a/, grammar: 'root ::= "a"' }],
    ["beams", { regex: /a/, beams: 2 }],
  ])("rejects %s", (_, options) => {
    expect(() => model.llama.generate("x", options as object)).toThrow(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        message: expect.stringMatching(/regex/),
      }),
    );
  });
});
