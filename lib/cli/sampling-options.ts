import { type Command, Option } from "commander";
import { parseNumber } from "./parsers.ts";

export interface SamplingFlags {
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly minP?: number;
  readonly repeatPenalty?: number;
  readonly seed?: number;
  readonly stop?: string[];
}

/** The flags of every command that generates. */
export function addSamplingFlags(
  command: Command,
  defaults: { readonly maxTokens: number; readonly temperature: number; readonly topP: number },
): Command {
  const { maxTokens, temperature, topP } = defaults;
  return command
    .option("-n, --max-tokens <number>", "new tokens at most", parseNumber, maxTokens)
    .option(
      "--temperature <number>",
      `0 takes the likeliest token; default ${temperature}`,
      parseNumber,
    )
    .option("--top-p <share>", `default ${topP}`, parseNumber)
    .option("--top-k <number>", "default 0: off", parseNumber)
    .option("--min-p <share>", "default 0: off", parseNumber)
    .option("--repeat-penalty <factor>", "default 1: off", parseNumber)
    .option("--seed <number>", "for the same text again", parseNumber)
    .addOption(
      new Option("--stop <text>", "end before this text; may be repeated").argParser(
        (text, texts: string[] = []) => [...texts, text],
      ),
    );
}

/** The flags that were given, as the API takes them. */
export function samplingOptions(flags: SamplingFlags): SamplingFlags {
  const { maxTokens, temperature, topP, topK, minP, repeatPenalty, seed, stop } = flags;
  const given = { maxTokens, temperature, topP, topK, minP, repeatPenalty, seed, stop };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
