import type { Command } from "commander";
import { isLoopback } from "../base/loopback.ts";
import type { CodeLlama } from "../codellama.ts";
import { CodeLlamaError } from "../errors.ts";
import { integer } from "../options/check.ts";
import { loadTable } from "../options/load.ts";
import type { ApiKey, HandlerOptions, Logger, RunningServer } from "../server/index.ts";
import { apiKeyVariable, readApiKeys } from "./api-keys.ts";
import { addFlags, ruleFlag } from "./flags.ts";
import { jsonLogger, LogSink, textLogger } from "./log.ts";
import { addModelFlags, loadModel, type ModelFlags } from "./model-options.ts";
import { namesFlag, originsFlag, secondsFlag, textFlag } from "./parsers.ts";
import { exitAfterOutput, note, outliveReader } from "./terminal.ts";

interface ServeFlags extends ModelFlags {
  readonly host: string;
  readonly port: number;
  readonly parallel: number;
  readonly kvUnified: "auto" | boolean;
  readonly maxQueue: number;
  readonly modelName?: string;
  readonly alias?: readonly string[];
  readonly apiKeyFile?: string;
  readonly allowPublic?: true;
  readonly corsOrigin?: readonly string[];
  readonly maxConcurrentPerKey?: number;
  readonly maxBody?: number;
  readonly maxPrompt?: number;
  readonly timeout?: number;
  readonly raw?: true;
  readonly playground: boolean;
  readonly grace: number;
  readonly json?: true;
  readonly quiet?: true;
}

const most = 2 ** 31 - 1;
const engineFlags = ["parallel", "kvUnified", "maxQueue"];

export function addServeCommand(program: Command): void {
  const command = program
    .command("serve")
    .description("serve the model over HTTP (OpenAI API and /infill)");
  addFlags(addModelFlags(command), loadTable, { parallel: 8, maxQueue: 256 }, engineFlags)
    .addOption(textFlag("--host <address>", "address to bind").default("127.0.0.1"))
    .addOption(
      ruleFlag("-p, --port <number>", "port to bind; 0: any free port", integer(0, 65_535)).default(
        8080,
      ),
    )
    .addOption(textFlag("--model-name <name>", "model name for clients; default: its own name"))
    .addOption(namesFlag("--alias <name...>", 'more model names for clients; "*": any name'))
    .option("--api-key-file <file>", "file of API keys, one per line: KEY or NAME:KEY")
    .option("--allow-public", "allow a public address without API keys")
    .addOption(
      originsFlag("--cors-origin <origin...>", 'sites whose pages may call; "*": all sites'),
    )
    .addOption(
      ruleFlag(
        "--max-concurrent-per-key <number>",
        "requests of one key at the same time",
        integer(1, most),
      ),
    )
    .addOption(
      ruleFlag(
        "--max-body <bytes>",
        "largest request body; default: 8 MiB",
        integer(1024, 2 ** 28),
      ),
    )
    .addOption(
      ruleFlag(
        "--max-prompt <tokens>",
        "longest prompt; default: the context window",
        integer(1, most),
      ),
    )
    .addOption(secondsFlag("--timeout <seconds>", "end a generation after this time", 0.001))
    .option("--raw", "let prompts spell control tokens such as <PRE>")
    .option("--no-playground", "do not serve the playground at /")
    .addOption(
      secondsFlag("--grace <seconds>", "time for running requests at shutdown", 0).default(
        30_000,
        "30",
      ),
    )
    .option("--json", "log JSON lines to standard output")
    .option("--quiet", "do not log requests")
    .addHelpText("after", `\nThe environment variable ${apiKeyVariable} holds one more API key.`)
    .action(serve);
}

async function serve(flags: ServeFlags): Promise<void> {
  // Imported here, so that other commands start without the server's modules.
  const { createHandler, listen } = await import("../server/index.ts");
  outliveReader();
  const apiKeys = await readApiKeys(flags.apiKeyFile);
  const { host, port, allowPublic = false } = flags;
  if (!isLoopback(host) && apiKeys.length === 0 && !allowPublic) {
    throw new CodeLlamaError(
      "INVALID_ARGUMENT",
      `--host: ${host} is a public address and requires API keys: pass --api-key-file, set ` +
        `${apiKeyVariable}, or pass --allow-public to serve without keys`,
    );
  }
  const loading = new AbortController();
  const llama = loadModel(flags, loading.signal, {
    parallel: flags.parallel,
    kvUnified: flags.kvUnified,
    maxQueue: flags.maxQueue,
  });
  llama.catch(() => {});
  const handler = createHandler(llama, handlerOptions(flags, apiKeys));
  let running: RunningServer | undefined;
  try {
    running = await listen(handler, { host, port, allowPublic, hasKeys: apiKeys.length > 0 });
    const stopped = stopOnSignal(running, llama, loading, flags.grace);
    await llama;
    note(`Serving ${(await llama).model.name || "the model"} at ${running.url}; Ctrl-C to stop.`);
    await stopped;
    await exitAfterOutput(500);
  } catch (error) {
    loading.abort();
    await running?.close(0);
    if (!loading.signal.aborted || CodeLlamaError.isInstance(error)) throw error;
  }
}

/** Resolves after a signal, once everything is closed. A second signal ends the process at once. */
function stopOnSignal(
  running: RunningServer,
  llama: Promise<CodeLlama>,
  loading: AbortController,
  graceMs: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = async () => {
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, onSignal);
      note("Waiting for running requests …");
      loading.abort();
      await running.close(graceMs);
      await (await llama.catch(() => undefined))?.close();
    };
    const onSignal = () => void stop().then(resolve, reject);
    process.on("SIGINT", onSignal);
    process.on("SIGTERM", onSignal);
  });
}

function handlerOptions(flags: ServeFlags, apiKeys: readonly ApiKey[]): HandlerOptions {
  const { modelName, alias, corsOrigin, maxConcurrentPerKey, maxBody, maxPrompt, timeout } = flags;
  return {
    apiKeys,
    playground: flags.playground,
    rawPrompts: flags.raw ?? false,
    ...(modelName !== undefined && { modelName }),
    ...(alias !== undefined && { aliases: alias }),
    ...(corsOrigin !== undefined && { corsOrigins: corsOrigin }),
    ...(maxConcurrentPerKey !== undefined && { maxConcurrentPerKey }),
    ...(maxBody !== undefined && { maxBodyBytes: maxBody }),
    ...(maxPrompt !== undefined && { maxPromptTokens: maxPrompt }),
    ...(timeout !== undefined && { requestTimeoutMs: timeout }),
    ...(!flags.quiet && { logger: makeLogger(flags.json ?? false) }),
  };
}

function makeLogger(json: boolean): Logger {
  return json ? jsonLogger(new LogSink(process.stdout)) : textLogger(new LogSink(process.stderr));
}
