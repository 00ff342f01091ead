import { availableParallelism } from "node:os";
import { basename } from "node:path";
import type { Command } from "commander";
import colors from "picocolors";
import { number } from "../options/check.ts";
import { type LoadOptions, loadTable } from "../options/load.ts";
import type { Measure, TunedOptions } from "../tune/dimensions.ts";
import type { Trial } from "../tune/trial-log.ts";
import { type TuneResult, tune } from "../tune/tune.ts";
import { addFlags, ruleFlag } from "./flags.ts";
import { untilInterrupted } from "./interrupt.ts";
import { addModelFlag, defaultModel, type ModelFlags } from "./model-options.ts";
import { note, progressBar } from "./terminal.ts";

interface TuneFlags extends Pick<ModelFlags, "model" | "gpuLayers"> {
  readonly maxThreads?: number;
  readonly parallel?: number;
  readonly seconds: number;
  readonly json?: true;
}

export function addTuneCommand(program: Command): void {
  const command = program
    .command("tune")
    .description("find the fastest load options for this machine");
  addFlags(addModelFlag(command), loadTable, {}, ["gpuLayers"])
    .addOption(
      ruleFlag(
        "-t, --max-threads <number>",
        "maximum CPU threads; default: all",
        loadTable.threads.rule,
      ),
    )
    .addOption(
      ruleFlag(
        "--parallel <number>",
        "parallel streams to measure; default: 4; 1: none",
        loadTable.parallel.rule,
      ),
    )
    .addOption(
      ruleFlag("--seconds <number>", "time for each measured speed", number(0.01, 60)).default(0.5),
    )
    .option("--json", "print one JSON object instead of a table")
    .action(runTune);
}

async function runTune(flags: TuneFlags): Promise<void> {
  const { maxThreads, gpuLayers, parallel, seconds, json } = flags;
  const fixedOptions: LoadOptions = {
    ...(gpuLayers === undefined || gpuLayers === "auto" ? {} : { gpuLayers }),
    ...(parallel === undefined ? {} : { parallel }),
  };
  await untilInterrupted(async (signal) => {
    const modelPath = flags.model ?? defaultModel();
    const bar = progressBar(`Tuning ${basename(modelPath)}`);
    try {
      const result = await tune({
        modelPath,
        fixedOptions,
        // Only the addon knows the default number of threads, which may exceed maxThreads.
        start: maxThreads === undefined ? {} : { threads: maxThreads },
        maxThreads: maxThreads ?? availableParallelism(),
        streams: parallel ?? 4,
        seconds,
        signal,
        onProgress: (fraction, options) => bar.update(fraction, describe(options)),
      });
      bar.stop();
      process.stdout.write(
        json
          ? `${JSON.stringify({ fixedOptions, ...result })}\n`
          : report(modelPath, fixedOptions, result),
      );
      if (!json) note("Other work on this machine distorts the result; run it again to compare.");
    } finally {
      bar.stop();
    }
  });
}

/** Writes options like in a program, without braces. */
function describe(options: LoadOptions): string {
  const pairs = Object.entries(options).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  return pairs.length === 0 ? "defaults" : pairs.join(", ");
}

function report(modelPath: string, fixedOptions: LoadOptions, result: TuneResult): string {
  const { best, start, trials, workload } = result;
  const { promptTokens, newTokens, streams } = workload;
  const columns: [Measure, string][] = [
    ["prefill", "prefill"],
    ["decode", "decode"],
    ...(streams > 1 ? [["streams", `${streams} streams`] as [Measure, string]] : []),
  ];
  const chosen = { ...fixedOptions, ...best.options };
  const call = Object.keys(chosen).length === 0 ? "" : `, { ${describe(chosen)} }`;
  return `${table(trials, columns, best.options)}
${colors.dim(`Tokens per second: a prompt of ${promptTokens} tokens, ${newTokens} new tokens after it${streams > 1 ? `, ${streams} streams together` : ""}.`)}

${verdict(start, best, columns)}

await CodeLlama.load(${JSON.stringify(modelPath)}${call});
`;
}

function table(
  trials: readonly Trial<TunedOptions, Measure>[],
  columns: readonly (readonly [Measure, string])[],
  best: TunedOptions,
): string {
  const width = Math.max(...trials.map(({ options }) => describe(options).length));
  const head = ["".padEnd(width), ...columns.map(([, title]) => title.padStart(9))].join("  ");
  const lines = trials.map(({ options, speeds, failure }) => {
    const cells = columns.map(([measure]) => speed(speeds[measure]).padStart(9));
    const rest = failure === undefined ? cells.join("  ") : failure;
    const line = `${describe(options).padEnd(width)}  ${rest}`;
    return JSON.stringify(options) === JSON.stringify(best) ? colors.bold(line) : line;
  });
  return `${colors.dim(head)}\n${lines.join("\n")}\n`;
}

function speed(value: number | undefined): string {
  if (value === undefined) return "";
  return value.toFixed(value < 100 ? 1 : 0);
}

function verdict(
  start: Trial<TunedOptions, Measure>,
  best: Trial<TunedOptions, Measure>,
  columns: readonly (readonly [Measure, string])[],
): string {
  const first = Object.keys(start.options).length === 0 ? "the defaults" : describe(start.options);
  if (best === start) return `No options were faster than ${first}:`;
  const ratios = columns.map(([measure, title]) => {
    const ratio = (best.speeds[measure] ?? 0) / (start.speeds[measure] ?? 1);
    return `${title} ${ratio.toFixed(2)}x`;
  });
  return `Speed-up over ${first}: ${ratios.join(", ")}`;
}
