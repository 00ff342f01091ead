import { describe, expect, test } from "vitest";
import { SourceText } from "../../../lib/cli/source-text.ts";

const source = (text: string) => new SourceText(Buffer.from(text), "file.py");

describe("rejects a file that is not UTF-8", () => {
  test.each<[string, Buffer, RegExp]>([
    [
      "Latin-1",
      Buffer.from("a\n# caf\xe9\n", "latin1"),
      /file\.py must be UTF-8 \(line 2 is not\); convert/,
    ],
    ["Windows-1252", Buffer.from([0x61, 0x93, 0x62]), /line 1/],
    ["UTF-16", Buffer.from("\ufeffab", "utf16le"), /line 1/],
    ["a lone surrogate", Buffer.from([0x0a, 0x0a, 0xed, 0xa0, 0x80]), /line 3/],
    ["cut inside a character", Buffer.from([0x61, 0xe2, 0x82]), /line 1/],
  ])("%s", (_, bytes, message) => {
    expect(() => new SourceText(bytes, "file.py")).toThrow(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        message: expect.stringMatching(message),
      }),
    );
  });

  test("UTF-16 without a byte order mark is not text", () => {
    const text = new SourceText(Buffer.from("ab", "utf16le"), "file.py");
    expect(() => text.requireText()).toThrow(/zero bytes/);
  });
});

describe("the text that fills a hole", () => {
  test.each<[string, string, string, string]>([
    ["CRLF", "a\r\n<FILL>\r\nb\r\n", "x\ny\r\nz", "a\r\nx\r\ny\r\nz\r\nb\r\n"],
    ["LF", "a\n<FILL>\nb\n", "x\r\ny\nz", "a\nx\ny\nz\nb\n"],
    ["CR", "a\r<FILL>\rb\r", "x\ny", "a\rx\ry\rb\r"],
    ["CRLF after it", "<FILL>\r\nb\r\n", "x\ny", "x\r\ny\r\nb\r\n"],
    ["LF before it in a mixed file", "a\r\nb\n<FILL>\r\n", "x\ny", "a\r\nb\nx\ny\r\n"],
    ["LF in a file of one line", "<FILL>", "x\r\ny", "x\ny"],
  ])("gets the line endings around it: %s", (_, text, fill, whole) => {
    const file = source(text);
    expect(file.filled(file.text, [fill])).toBe(whole);
  });

  test("goes into each hole, and a hole without a fill stays empty", () => {
    const file = source("a<FILL_ME>b\r\n<FILL_ME>c");
    expect(file.filled(file.text, ["1", "2\n"])).toBe("a1b\r\n2\r\nc");
    expect(file.filled(file.text, ["1"])).toBe("a1b\r\nc");
  });

  test("keeps the byte order mark, which does not count as a column", () => {
    const file = source("\ufeffab\n");
    expect(file.text).toBe("ab\n");
    const input = file.at(1, 1);
    expect(input).toEqual({ prefix: "", suffix: "ab\n" });
    expect(file.filled(input, ["x"])).toBe("\ufeffxab\n");
  });
});

describe("a cursor", () => {
  test("is never inside a character", () => {
    const file = source('s = "🦙";\n');
    expect(file.at(1, 6)).toEqual({ prefix: 's = "', suffix: '🦙";\n' });
    expect(() => file.at(1, 7)).toThrow(/--column must not be inside a character \(got 7: 🦙/);
    expect(file.at(1, 8)).toEqual({ prefix: 's = "🦙', suffix: '";\n' });
  });

  test("stays before the line break of any kind", () => {
    const file = source("a\r\nbc\r\n");
    expect(file.at(2, undefined)).toEqual({ prefix: "a\r\nbc", suffix: "\r\n" });
    expect(() => file.at(2, 4)).toThrow(/--column must be between 1 and 3 in line 2 .*\(got 4\)/);
    expect(() => file.at(1.5, 1)).toThrow(
      /--line must be between 1 and 3 in file\.py \(got 1\.5\)/,
    );
  });
});
