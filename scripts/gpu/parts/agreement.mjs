/** Compares greedy answers of the GPU with those of the CPU, for every task that codellama-tiny has learnt. */
import { appendFileSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { root } from "../../project.mjs";
import { linesFile, requireGpu, runPart } from "../part.mjs";

const require = createRequire(import.meta.url);
const GREEDY = { temperature: 0, maxTokens: 400, logprobs: 2 };
const ORDERS = { "prefix-suffix-middle": "psm", "suffix-prefix-middle": "spm" };

/** Pairs of a name for the report and a call that starts a generation. */
function tasks() {
  const file = join(dirname(require.resolve("codellama-tiny/package.json")), "tasks.json");
  const { completion, infill, chat } = JSON.parse(readFileSync(file, "utf8"));
  return [
    ...completion.map(({ prompt }) => [prompt, (llama) => llama.generate(prompt, GREEDY)]),
    ...infill.map(({ prefix, suffix, order }) => [
      prefix,
      (llama) => llama.infill({ prefix, suffix, order: ORDERS[order] }, GREEDY),
    ]),
    ...chat.map(({ messages }) => [
      messages.at(-1).content,
      (llama) => llama.chat(messages, GREEDY),
    ]),
  ];
}

async function load(gpuLayers, threads) {
  const { CodeLlama } = await import(join(root, "dist/index.js"));
  const { modelPath } = await import("codellama-tiny");
  return CodeLlama.load(modelPath, {
    gpuLayers,
    threads,
    parallel: 1,
    prefixCache: false,
    speculation: false,
  });
}

/** The first different token of two answers, and the gap between the CPU's two best tokens there. */
function compare(cpu, gpu) {
  const length = Math.max(cpu.tokens.length, gpu.tokens.length);
  const at = Array.from({ length }, (_, i) => i).find((i) => cpu.tokens[i] !== gpu.tokens[i]);
  if (at === undefined) return { tokens: length, equal: length };
  const [first, second] = cpu.logprobs?.[at]?.top ?? [];
  const gap = first && second ? first.logprob - second.logprob : undefined;
  return { tokens: length, equal: at, difference: { at, cpuLogprobGap: gap } };
}

await runPart("agreement", async (options) => {
  requireGpu(options);
  const lines = linesFile("agreement");
  const cpu = await load(0, options.threads);
  const gpu = await load(options.dryRun ? 0 : "auto", options.threads);
  for (const [name, call] of tasks()) {
    const compared = compare(await call(cpu), await call(gpu));
    appendFileSync(lines, `${JSON.stringify({ name, ...compared })}\n`);
  }
  await cpu.close();
  await gpu.close();
});
