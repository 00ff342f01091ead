import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Fuzzer } from "../helpers/fuzzing.ts";

interface Readers {
  readonly readerNames: readonly string[];
  missingForFuzzing(): string | undefined;
  fuzzReader(name: string, run: { readonly seconds: number; readonly seed: number }): Promise<void>;
}

const script = join(import.meta.dirname, "../../scripts/fuzz-readers.mjs");
const { readerNames, missingForFuzzing, fuzzReader }: Readers = await import(
  pathToFileURL(script).href
);

const fuzzer: Fuzzer = {
  description: "the C++ readers of model files, grammars and text, with libFuzzer and sanitizers",
  unavailable: missingForFuzzing,

  async fuzz(run) {
    const seconds = Math.ceil(run.secondsLeft / readerNames.length);
    for (const name of readerNames) {
      run.count++;
      await fuzzReader(name, { seconds, seed: run.seed });
    }
  },
};

export default fuzzer;
