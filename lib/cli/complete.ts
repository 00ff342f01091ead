import type { Command } from "commander";
import colors from "picocolors";
import { CodeLlamaError } from "../errors.ts";
import { integer } from "../options/check.ts";
import { generateTable } from "../options/generate.ts";
import { ruleFlag } from "./flags.ts";
import { withModel } from "./interrupt.ts";
import { addModelFlags, type ModelFlags } from "./model-options.ts";
import { addSamplingFlags, type SamplingFlags, samplingOptions } from "./sampling-options.ts";
import { readStandardInput } from "./standard-input.ts";
import { note, summary } from "./terminal.ts";

interface CompleteFlags extends ModelFlags, SamplingFlags {
  readonly maxRepeats: number;
  readonly json?: true;
}

export function addCompleteCommand(program: Command): void {
  const command = program
    .command("complete")
    .description("continue a prompt (argument or standard input)")
    .argument("[prompt]");
  addSamplingFlags(addModelFlags(command), generateTable, 256)
    .addOption(
      ruleFlag(
        "--max-repeats <number>",
        "stop after this many repetitions; 0: off",
        integer(0, 10_000),
      ).default(12),
    )
    .option("--json", "print one JSON object instead of streaming")
    .action(complete);
}

async function complete(argument: string | undefined, flags: CompleteFlags): Promise<void> {
  const prompt = argument ?? (await readPrompt());
  const { maxRepeats } = flags;
  const options = {
    ...samplingOptions(flags),
    ...(maxRepeats === 0 ? {} : { repetition: { maxRepeats } }),
  };
  await withModel(flags, async (llama, interruptible) => {
    const generation = interruptible(llama.generate(prompt, options));
    if (flags.json) {
      const { tokens, ...rest } = await generation;
      process.stdout.write(`${JSON.stringify({ model: llama.model.name, prompt, ...rest })}\n`);
      return;
    }
    if (process.stdout.isTTY) process.stdout.write(colors.dim(prompt));
    for await (const { text } of generation) process.stdout.write(text);
    process.stdout.write("\n");
    if (process.stderr.isTTY) note(summary(await generation));
  });
}

async function readPrompt(): Promise<string> {
  if (process.stdin.isTTY) {
    throw new CodeLlamaError(
      "INVALID_ARGUMENT",
      'complete: a prompt is required: node-codellama complete "def fibonacci(", or pipe a text',
    );
  }
  const prompt = await readStandardInput();
  if (prompt === "") {
    throw new CodeLlamaError(
      "INVALID_ARGUMENT",
      "complete: the prompt on standard input must not be empty",
    );
  }
  return prompt;
}
