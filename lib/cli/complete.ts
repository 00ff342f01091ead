import { text as readAll } from "node:stream/consumers";
import { type Command, Option } from "commander";
import colors from "picocolors";
import { CodeLlamaError } from "../errors.ts";
import type { GenerationResult } from "../generation.ts";
import type { GenerateOptions } from "../options/generate.ts";
import { addModelFlags, loadModel, type ModelFlags, parseNumber } from "./model-options.ts";
import { note } from "./terminal.ts";

interface CompleteFlags extends ModelFlags {
  readonly maxTokens: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly minP?: number;
  readonly repeatPenalty?: number;
  readonly seed?: number;
  readonly stop?: string[];
  readonly json?: true;
}

export function addCompleteCommand(program: Command): void {
  const command = program
    .command("complete")
    .description("continue a text; the prompt is the argument, or standard input")
    .argument("[prompt]");
  addModelFlags(command)
    .option("-n, --max-tokens <number>", "new tokens at most", parseNumber, 256)
    .option("--temperature <number>", "0 takes the likeliest token; default 0.2", parseNumber)
    .option("--top-p <share>", "default 0.95", parseNumber)
    .option("--top-k <number>", "default 0: off", parseNumber)
    .option("--min-p <share>", "default 0: off", parseNumber)
    .option("--repeat-penalty <factor>", "default 1: off", parseNumber)
    .option("--seed <number>", "for the same text again", parseNumber)
    .addOption(
      new Option("--stop <text>", "end before this text; may be repeated").argParser(
        (text, texts: string[] = []) => [...texts, text],
      ),
    )
    .option("--json", "print one JSON object at the end instead of streaming")
    .action(complete);
}

async function complete(argument: string | undefined, flags: CompleteFlags): Promise<void> {
  const prompt = argument ?? (await readPrompt());
  const interrupt = new AbortController();
  const onInterrupt = () => {
    process.exitCode = 130;
    interrupt.abort();
    // A second Ctrl-C ends the process at once.
    process.off("SIGINT", onInterrupt);
  };
  process.on("SIGINT", onInterrupt);
  try {
    const llama = await loadModel(flags, interrupt.signal);
    try {
      const generation = llama.generate(prompt, generateOptions(flags));
      interrupt.signal.addEventListener("abort", () => generation.cancel());
      if (flags.json) {
        const result = await generation;
        const { tokens, ...rest } = result;
        process.stdout.write(`${JSON.stringify({ model: llama.model.name, prompt, ...rest })}\n`);
        return;
      }
      if (process.stdout.isTTY) process.stdout.write(colors.dim(prompt));
      for await (const { text } of generation) process.stdout.write(text);
      process.stdout.write("\n");
      if (process.stderr.isTTY) note(summary(await generation));
    } finally {
      await llama.close();
    }
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
  } finally {
    process.off("SIGINT", onInterrupt);
  }
}

async function readPrompt(): Promise<string> {
  if (process.stdin.isTTY) {
    throw new CodeLlamaError(
      "INVALID_ARGUMENT",
      'no prompt: node-codellama complete "def fibonacci(", or pipe a text in',
    );
  }
  return await readAll(process.stdin);
}

function generateOptions(flags: CompleteFlags): GenerateOptions {
  const { maxTokens, temperature, topP, topK, minP, repeatPenalty, seed, stop } = flags;
  const given = { maxTokens, temperature, topP, topK, minP, repeatPenalty, seed, stop };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function summary({ usage, timings, finishReason }: GenerationResult): string {
  const speed = timings.decodeTokensPerSecond.toFixed(1);
  return `${usage.completionTokens} tokens, ${speed} a second; ended by ${finishReason}`;
}
