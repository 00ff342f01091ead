import { describe, expect, test } from "vitest";
import type { ContextFile } from "../../../lib/options/infill.ts";
import { fittingFiles, underComments } from "../../../lib/prompt/repository-context.ts";
import { truncate } from "../../../lib/prompt/truncate.ts";

// One token for each word and for each other character except spaces.
const tokens = (text: string) => text.match(/\w+|[^\w ]/g)?.length ?? 0;
const count = async (text: string) => tokens(text);

const lines = (name: string, number: number) =>
  Array.from({ length: number }, (_, index) => `${name} line ${index};\n`).join("");

describe("truncate()", () => {
  test("keeps texts that fit", async () => {
    const texts = { prefix: lines("before", 3), suffix: lines("behind", 3) };
    expect(await truncate(texts, 100, count)).toEqual(texts);
  });

  test("keeps the end of the prefix and the beginning of the suffix, in whole lines", async () => {
    const prefix = `${lines("before", 500)}half a line`;
    const suffix = `\n${lines("behind", 500)}`;
    const kept = await truncate({ prefix, suffix }, 400, count);
    expect(prefix.endsWith(`\n${kept.prefix}`)).toBe(true);
    expect(suffix.startsWith(`${kept.suffix}\n`)).toBe(true);
    expect(tokens(kept.prefix) + tokens(kept.suffix)).toBeLessThanOrEqual(400);
    expect(tokens(kept.prefix)).toBeGreaterThan(200);
    expect(tokens(kept.suffix)).toBeGreaterThan(85);
    expect(tokens(kept.suffix)).toBeLessThanOrEqual(100);
  });

  test("gives the suffix the tokens that a short prefix leaves", async () => {
    const suffix = `\n${lines("behind", 500)}`;
    const kept = await truncate({ prefix: "x = ", suffix }, 400, count);
    expect(kept.prefix).toBe("x = ");
    expect(tokens(kept.suffix)).toBeGreaterThan(380);
  });

  test("starts the prefix at the same place for many keystrokes", async () => {
    const beginnings = new Set<string>();
    let prefix = lines("before", 500);
    const keystrokes = 300;
    for (let key = 0; key < keystrokes; key++) {
      prefix += "k ";
      const kept = await truncate({ prefix, suffix: "\n" }, 400, count);
      expect(prefix.endsWith(kept.prefix)).toBe(true);
      expect(tokens(kept.prefix)).toBeLessThanOrEqual(400);
      beginnings.add(kept.prefix.slice(0, 30));
    }
    expect(beginnings.size).toBeLessThan(keystrokes / 10);
  });

  test.each([0, 1, 7, 50])("cuts a single long line to %i tokens", async (budget) => {
    const long = "🚀 word ".repeat(1000);
    const kept = await truncate({ prefix: long, suffix: long }, budget, count);
    expect(tokens(kept.prefix) + tokens(kept.suffix)).toBeLessThanOrEqual(budget);
    expect(long.endsWith(kept.prefix)).toBe(true);
    expect(long.startsWith(kept.suffix)).toBe(true);
    for (const part of [kept.prefix, kept.suffix]) {
      expect(new TextDecoder().decode(new TextEncoder().encode(part))).toBe(part);
    }
  });
});

describe("files of the repository", () => {
  const repositoryContext = async (files: ContextFile[], budget: number, counter: typeof count) =>
    underComments(await fittingFiles(files, budget, counter));
  const near = { path: "src/near.py", text: lines("near", 5) };
  const far = { path: "src/far.ts", text: lines("far", 50) };

  test("puts the nearest file last, each under its path", async () => {
    expect(await repositoryContext([near, far], 1000, count)).toBe(
      `// src/far.ts\n${far.text}\n# src/near.py\n${near.text}\n`,
    );
  });

  test("keeps whole lines of farther files while there is room", async () => {
    const context = await repositoryContext([near, far], 100, count);
    expect(context.endsWith(`# src/near.py\n${near.text}\n`)).toBe(true);
    const first = context.slice(0, context.indexOf("# src/near.py"));
    expect(first.startsWith("// src/far.ts\nfar line 0;\n")).toBe(true);
    expect(first.endsWith(";\n\n")).toBe(true);
    expect(tokens(context)).toBeLessThanOrEqual(100);
  });

  test.each(["\n", "\nimport os\n", "\n\n\n\nx", "\r\n\nx = 1\n"])(
    "drops a file that starts with an empty line if its path does not fit (%j)",
    async (text) => {
      const path = "some/other/file_name.py";
      for (const budget of [0, 1, 2, 3]) {
        expect(await fittingFiles([{ path, text }], budget, count)).toEqual([]);
      }
    },
  );

  test("keeps the beginning of a very long file and counts the tokens of nothing else", async () => {
    let longest = 0;
    const counter = async (text: string) => {
      longest = Math.max(longest, text.length);
      return tokens(text);
    };
    const files = [{ path: "a.py", text: lines("far", 500_000) }];
    const context = await repositoryContext(files, 100, counter);
    expect(context.startsWith("# a.py\nfar line 0;\n")).toBe(true);
    expect(tokens(context)).toBeLessThanOrEqual(100);
    expect(longest).toBeLessThan(2000);
    expect(await repositoryContext([{ path: "p".repeat(1e6), text: "" }], 100, counter)).toBe("");
    expect(longest).toBeLessThan(2000);
  });

  test("counts the rest of a file a bounded number of times", async () => {
    let counted = 0;
    const counter = async (text: string) => {
      counted += text.length;
      return tokens(text);
    };
    const text = "\n".repeat(20_000) + lines("x", 2000);
    for (const budget of [0, 1, 10, 100]) {
      counted = 0;
      await fittingFiles([{ path: "a.py", text }], budget, counter);
      expect(counted).toBeLessThan(25 * text.length);
    }
  });

  test("returns no file if not even one line fits", async () => {
    expect(await repositoryContext([near], 5, count)).toBe("");
    expect(await repositoryContext([], 100, count)).toBe("");
  });
});
