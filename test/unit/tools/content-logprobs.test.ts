import { describe, expect, test } from "vitest";
import type { TokenLogprobs } from "../../../lib/result.ts";
import { ContentLogprobs, contentLogprobs } from "../../../lib/tools/content-logprobs.ts";

type Piece = string | readonly number[];

const tokenOf = (piece: Piece): TokenLogprobs => {
  const bytes = Buffer.from(piece as string);
  return { token: 0, text: bytes.toString(), bytes, logprob: 0, top: [] };
};

const joined = (tokens: readonly TokenLogprobs[]) => ({
  text: tokens.map(({ text }) => text).join(""),
  bytes: Buffer.concat(tokens.map(({ bytes }) => bytes ?? Buffer.alloc(0))).toString(),
});

const woman: readonly Piece[] = [[240], [159], [145], [169]];

// The tokens of an answer, and its content: without the first space, and cut before a stop string.
const answers: readonly (readonly [readonly Piece[], string])[] = [
  [[" Hello", " world"], "Hello world"],
  [["Hello"], "Hello"],
  [["  two"], " two"],
  [["", " a"], "a"],
  [[" ", "a"], "a"],
  [[" a st", "op", "b"], "a "],
  [[" a", " stop"], "a"],
  [[" ", ...woman, "s"], "👩s"],
  [[" ", ...woman, "s"], "👩"],
  [[" ", ...woman, "s"], ""],
  [[" x", ...woman], "x"],
  [["é", [0xc3], [0xa9, 0x62, 0x63]], "ééb"],
  [["a", [0x61, 240, 159], [145, 169, 0x62]], "aa👩"],
  [["a", [0x61, 240, 159], [145, 169, 0x62]], "aa"],
  [[" a", [240], [159]], "a\uFFFD"],
  [[" a", [240], [159]], "a"],
  [[], ""],
  [["\uFEFFa"], "\uFEFFa"],
];

describe("tokens joined are the content", () => {
  test.each(answers)("%j is %j", (pieces, content) => {
    const tokens = [...contentLogprobs(pieces.map(tokenOf), content)];
    expect(tokens).toHaveLength(pieces.length);
    expect(joined(tokens)).toEqual({ text: content, bytes: content });
  });

  test.each(answers)("%j, while it is written", (pieces, content) => {
    const logprobs = new ContentLogprobs();
    const reported: TokenLogprobs[] = [];
    let shown = 0;
    for (const piece of pieces) {
      logprobs.push([tokenOf(piece)]);
      // Text comes late, in single units.
      if (shown < content.length) reported.push(...logprobs.show(1));
      shown = Math.min(shown + 1, content.length);
    }
    reported.push(...logprobs.show(content.length - shown), ...logprobs.finish());
    expect(reported).toHaveLength(pieces.length);
    expect(joined(reported)).toEqual({ text: content, bytes: content });
  });
});

test("the likeliest in place of the first token lose their space too", () => {
  const [first] = contentLogprobs(
    [{ ...tokenOf(" a"), top: [tokenOf(" a"), tokenOf("b")] }, tokenOf(" c")],
    "a c",
  );
  expect(first?.top.map(({ text }) => text)).toEqual(["a", "b"]);
});
