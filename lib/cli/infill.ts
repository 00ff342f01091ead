import type { BigIntStats } from "node:fs";
import { readFile } from "node:fs/promises";
import { buffer as readAll } from "node:stream/consumers";
import type { Command } from "commander";
import colors from "picocolors";
import { invalidArgument } from "../base/arguments.ts";
import { withRegularFile } from "../base/regular-file.ts";
import { replaceFile, requireReplaceable } from "../base/replace-file.ts";
import { integer } from "../options/check.ts";
import { hasHole, type InfillInput, infillTable } from "../options/infill.ts";
import { ruleFlag } from "./flags.ts";
import { withModel } from "./interrupt.ts";
import { addModelFlags, type ModelFlags } from "./model-options.ts";
import { addSamplingFlags, type SamplingFlags, samplingOptions } from "./sampling-options.ts";
import { SourceText, withLineFeeds } from "./source-text.ts";
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

const position = integer(1, 2 ** 31 - 1);

export function addInfillCommand(program: Command): void {
  const command = program
    .command("infill")
    .description("fill a hole in a file, at a cursor or at <FILL_ME>")
    .argument("<file>", "file to fill, or - for standard input");
  addSamplingFlags(addModelFlags(command), infillTable, 256)
    .addOption(ruleFlag("--line <number>", "line of the cursor, from 1", position))
    .addOption(
      ruleFlag("--column <number>", "column of the cursor, from 1; default: end of line", position),
    )
    .option("--fill-me", "fill at <FILL_ME> or <FILL>; default without --line")
    .option("--trim", "remove an end that repeats the suffix")
    .option("--full", "print the whole filled file")
    .option("--write", "write the filled file in place")
    .option("--json", "print one JSON object instead of streaming")
    .action(infill);
}

const where = "infill --write";

async function infill(file: string, flags: InfillFlags): Promise<void> {
  if (flags.write && file === "-")
    throw invalidArgument("--write must have a file (got standard input)");
  if (flags.write) await requireReplaceable(file, where);
  const { source, stats } = await read(file, flags);
  const input = hole(source, flags);
  const options = {
    ...samplingOptions(flags),
    ...(flags.order === undefined ? {} : { order: flags.order }),
    singleLine: flags.singleLine ?? false,
    trim: flags.trim ? "overlap" : "none",
  } as const;
  await withModel(flags, async (llama, interruptible) => {
    const generation = interruptible(llama.infill(withLineFeeds(input), options));
    const streams = !flags.json && !flags.full && !flags.write;
    if (streams) {
      if (process.stdout.isTTY) process.stdout.write(colors.dim(lastLine(input)));
      for await (const { text } of generation) process.stdout.write(text);
      process.stdout.write("\n");
    }
    const { tokens, ...result } = await generation;
    const whole = source.filled(input, result.fills);
    if (flags.json) {
      const object = { model: llama.model.name, ...result, fullText: whole };
      process.stdout.write(`${JSON.stringify(object)}\n`);
    } else if (flags.full) {
      process.stdout.write(whole);
    }
    if (flags.write && result.finishReason !== "abort") {
      const unchangedSince = stats && { unchangedSince: stats };
      await replaceFile(file, [Buffer.from(whole)], { where, ...unchangedSince });
      if (result.finishReason === "length") {
        note(`The text was cut after ${flags.maxTokens} tokens; raise --max-tokens for more.`);
      }
    }
    if (process.stderr.isTTY) note(summary({ tokens, ...result }));
  });
}

/** Reads the text, and with `--write` also the file's stats, to detect a later change. */
async function read(
  file: string,
  flags: InfillFlags,
): Promise<{ source: SourceText; stats?: BigIntStats }> {
  if (file === "-") return { source: new SourceText(await readAll(process.stdin), "the input") };
  if (flags.write) {
    return await withRegularFile(file, where, async (handle, stats) => {
      const source = new SourceText(await handle.readFile(), file);
      source.requireText();
      return { source, stats };
    });
  }
  // The file may be a FIFO, such as `<(command)` in a shell.
  const bytes = await readFile(file).catch((error: Error) => {
    throw invalidArgument(`${file} cannot be read: ${error.message}`);
  });
  return { source: new SourceText(bytes, file) };
}

/** Returns the hole: prefix and suffix of a cursor, or a text with markers. */
function hole(source: SourceText, { line, column, fillMe }: InfillFlags): string | InfillInput {
  if (line !== undefined) {
    if (fillMe) throw invalidArgument("--line and --fill-me cannot be combined");
    return source.at(line, column);
  }
  if (column !== undefined) throw invalidArgument("--column requires --line");
  if (!hasHole(source.text)) {
    throw invalidArgument(
      `${source.name} must contain <FILL_ME> where the hole is; or pass --line and --column`,
    );
  }
  return source.text;
}

function lastLine(input: string | InfillInput): string {
  const prefix =
    typeof input === "string" ? (input.split(/<FILL(?:_ME)?>/)[0] ?? "") : input.prefix;
  return prefix.slice(prefix.lastIndexOf("\n") + 1);
}
