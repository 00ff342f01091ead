import { readFile, rename, writeFile } from "node:fs/promises";
import { text as readAll } from "node:stream/consumers";
import { type Command, Option } from "commander";
import colors from "picocolors";
import { CodeLlamaError } from "../errors.ts";
import type { InfillInput } from "../options/infill.ts";
import { withModel } from "./interrupt.ts";
import { addModelFlags, type ModelFlags } from "./model-options.ts";
import { parseNumber } from "./parsers.ts";
import { addSamplingFlags, type SamplingFlags, samplingOptions } from "./sampling-options.ts";
import { note, summary } from "./terminal.ts";

interface InfillFlags extends ModelFlags, SamplingFlags {
  readonly line?: number;
  readonly column?: number;
  readonly fillMe?: true;
  readonly order?: "auto" | "psm" | "spm";
  readonly singleLine?: true;
  readonly trim?: true;
  readonly full?: true;
  readonly write?: true;
  readonly json?: true;
}

export function addInfillCommand(program: Command): void {
  const command = program
    .command("infill")
    .description("fill a hole in a file: at a cursor, or where it says <FILL_ME>")
    .argument("<file>", "a file, or - for standard input");
  addSamplingFlags(addModelFlags(command), { maxTokens: 256, temperature: 0.2, topP: 0.95 })
    .option("--line <number>", "the cursor's line, from 1", parseNumber)
    .option(
      "--column <number>",
      "the cursor's column, from 1; default: the line's end",
      parseNumber,
    )
    .option("--fill-me", "fill where the file says <FILL_ME> or <FILL>; the default without --line")
    .addOption(
      new Option("--order <order>", "prefix or suffix first").choices(["auto", "psm", "spm"]),
    )
    .option("--single-line", "end at the first line break")
    .option("--trim", "take off an end that repeats what follows")
    .option("--full", "print the whole file, filled")
    .option("--write", "write the file, filled, in place")
    .option("--json", "print one JSON object at the end instead of streaming")
    .action(infill);
}

async function infill(file: string, flags: InfillFlags): Promise<void> {
  if (flags.write && file === "-") throw invalid("--write needs a file, not standard input");
  const input = hole(await read(file), file, flags);
  const options = {
    ...samplingOptions(flags),
    ...(flags.order === undefined ? {} : { order: flags.order }),
    singleLine: flags.singleLine ?? false,
    trim: flags.trim ? "overlap" : "none",
  } as const;
  await withModel(flags, async (llama, interruptible) => {
    const generation = interruptible(llama.infill(input, options));
    const streams = !flags.json && !flags.full && !flags.write;
    if (streams) {
      if (process.stdout.isTTY) process.stdout.write(colors.dim(lastLine(input)));
      for await (const { text } of generation) process.stdout.write(text);
      process.stdout.write("\n");
    }
    const { tokens, ...result } = await generation;
    if (flags.json) {
      process.stdout.write(`${JSON.stringify({ model: llama.model.name, ...result })}\n`);
    } else if (flags.full) {
      process.stdout.write(result.fullText);
    }
    if (flags.write && result.finishReason !== "abort") await replace(file, result.fullText);
    if (process.stderr.isTTY) note(summary({ tokens, ...result }));
  });
}

async function read(file: string): Promise<string> {
  if (file === "-") return await readAll(process.stdin);
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw invalid(`${file} cannot be read: ${(error as Error).message}`);
  }
}

/** Where the file is to be filled. */
function hole(text: string, file: string, { line, column, fillMe }: InfillFlags) {
  if (line === undefined) {
    if (column !== undefined) throw invalid("--column needs --line");
    return text;
  }
  if (fillMe) throw invalid("--line and --fill-me say two different places");
  const lines = text.split("\n");
  const content = lines[line - 1];
  if (content === undefined) {
    throw invalid(`--line ${line} is not in ${file}: it has lines 1 to ${lines.length}`);
  }
  const end = content.replace(/\r$/, "").length + 1;
  const place = column ?? end;
  if (!Number.isInteger(place) || place < 1 || place > end) {
    throw invalid(`--column ${place} is not in line ${line}: it has columns 1 to ${end}`);
  }
  const offset = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0) + place - 1;
  return { prefix: text.slice(0, offset), suffix: text.slice(offset) };
}

function lastLine(input: string | InfillInput): string {
  const prefix =
    typeof input === "string" ? (input.split(/<FILL(?:_ME)?>/)[0] ?? "") : input.prefix;
  return prefix.slice(prefix.lastIndexOf("\n") + 1);
}

/** Nobody ever sees half of the file. */
async function replace(file: string, text: string): Promise<void> {
  const partial = `${file}.${process.pid}.partial`;
  await writeFile(partial, text);
  await rename(partial, file);
}

function invalid(message: string): CodeLlamaError {
  return new CodeLlamaError("INVALID_ARGUMENT", message);
}
