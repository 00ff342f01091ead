import { describe, test } from "vitest";

interface Fuzzing {
  missingForFuzzing(): string | undefined;
  fuzzReader(name: string, run: { readonly seconds: number; readonly seed: number }): Promise<void>;
}

// `node scripts/fuzz-readers.mjs --seconds 600` runs the same for long.
const script = new URL("../../scripts/fuzz-readers.mjs", import.meta.url).href;
const { missingForFuzzing, fuzzReader }: Fuzzing = await import(script);
const missing = missingForFuzzing();
const skipped = missing === undefined ? "" : ` (skipped: ${missing})`;

describe("libFuzzer finds nothing in a few seconds in the reader of", () => {
  test.skipIf(missing !== undefined).each(["gguf", "gbnf", "text_stream"])(
    `%s${skipped}`,
    { timeout: 600_000 },
    async (name) => {
      await fuzzReader(name, { seconds: 3, seed: 1 });
    },
  );
});
