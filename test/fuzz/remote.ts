import { createRequire } from "node:module";
import { setTimeout as delay } from "node:timers/promises";
import { modelPath } from "codellama-tiny";
import type { CodeLlama, Generation, GenerationResult } from "../../lib/index.ts";
import type { Fuzzer } from "../helpers/fuzzing.ts";
import { HostileRemote } from "../helpers/hostile-remote.ts";
import type { Random } from "../helpers/random.ts";

// The built package, loaded by Node.js. Parts of lib/ load later, when Vite's module runner is closed.
const library = createRequire(import.meta.url)("node-codellama") as Library;
type Library = typeof import("../../lib/index.ts");

const apiKey = "sk-N7q2Wv9LxT4mZb8R";
const stop = new Error("stopped by the fuzzer");
const maxTokens = 5;
// A silent server fails a call after `idleTimeoutMs`. A call consists of a few exchanges.
const idleTimeoutMs = 150;
const settleMs = 20_000;
const memoryBytes = 1e9;

/** Rejects if `work` does not settle in time. */
async function settled<Value>(what: string, work: PromiseLike<Value>): Promise<Value> {
  const late = new AbortController();
  const timer = delay(settleMs, undefined, { signal: late.signal }).then(() => {
    throw new Error(`${what} is not settled after ${settleMs} ms`);
  });
  timer.catch(() => {});
  try {
    return await Promise.race([work, timer]);
  } finally {
    late.abort();
  }
}

/** Throws unless the error is ours, is short and does not contain the API key. */
function requireGoodError(error: unknown): void {
  if (error === stop) return;
  if (!library.CodeLlamaError.isInstance(error)) throw error;
  const shown = `${error.message} ${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`;
  if (shown.includes(apiKey.slice(0, 10))) throw new Error(`the error has the API key: ${shown}`);
  if (error.message.length > 1000) throw new Error(`a long message: ${error.message}`);
}

function requireGoodResult({ tokens, text, usage }: GenerationResult): void {
  const counts = Object.values(usage).filter((value) => typeof value === "number");
  const isGood =
    tokens.length <= maxTokens &&
    text.length <= maxTokens * 1024 &&
    usage.completionTokens <= maxTokens &&
    usage.cachedTokens <= usage.promptTokens &&
    counts.every((count) => Number.isSafeInteger(count) && count >= 0);
  if (!isGood) throw new Error(`a wrong result: ${JSON.stringify({ usage, text, tokens })}`);
}

/** Makes one call. It runs to its end, is cancelled or aborted, times out, or its connection closes. */
async function call(random: Random, llama: CodeLlama): Promise<void> {
  const controller = new AbortController();
  const options = {
    maxTokens,
    signal: controller.signal,
    ...(random.below(4) === 0 && { timeoutMs: 1 + random.below(100) }),
    ...(random.below(4) === 0 && { logprobs: 2 }),
  };
  if (random.below(8) === 0) await llama.embed("text", { signal: controller.signal });
  const start = random.pick<() => Generation>([
    () => llama.generate("def f(", options),
    () => llama.chat([{ role: "user", content: "hello" }], options),
    () => llama.infill({ prefix: "a", suffix: "b" }, options),
  ]);
  const generation = start();
  const interrupt = random.pick<(() => void) | undefined>([
    undefined,
    undefined,
    undefined,
    () => generation.cancel(),
    () => controller.abort(stop),
    () => void llama.close(),
  ]);
  const timer = setTimeout(() => interrupt?.(), random.below(60));
  try {
    if (random.below(2) === 0) for await (const _ of generation);
    requireGoodResult(await generation);
  } finally {
    clearTimeout(timer);
  }
}

async function visit(random: Random): Promise<void> {
  await using remote = new HostileRemote(random, apiKey);
  const url = await remote.listen();
  const llama = await library.CodeLlama.connect(url, {
    apiKey,
    model: "some-model",
    idleTimeoutMs,
    maxRetries: random.below(2),
    ...(random.below(3) === 0 && { kind: random.pick(["openai", "tgi", "vllm", "llama-server"]) }),
    ...(random.below(3) === 0 && { tokenizer: modelPath }),
  });
  try {
    const calls = Array.from({ length: 1 + random.below(3) }, () => call(random, llama));
    for (const result of await Promise.allSettled(calls)) {
      if (result.status === "rejected") requireGoodError(result.reason);
    }
  } finally {
    await llama.close();
  }
  for (let waited = 0; remote.connections > 0; waited++) {
    if (waited === 500) throw new Error(`${remote.connections} connections are still open`);
    await delay(10);
  }
}

const remote: Fuzzer = {
  description: "CodeLlama.connect with a remote server that answers wrong at every layer",
  async fuzz(run) {
    for (const { random } of run.cases()) {
      await settled("a visit", visit(random)).catch(requireGoodError);
      const { rss } = process.memoryUsage();
      if (rss > memoryBytes) {
        throw new Error(`the process may use ${memoryBytes} bytes of memory (got ${rss})`);
      }
    }
  },
};

export default remote;
