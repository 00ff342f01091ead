import { invalidArgument, readArgument, show } from "../../base/arguments.ts";
import { isRecord } from "../../options/check.ts";

// Option names of LangChain's calls, and of LangGraph, whose nodes pass their whole config on.
const foreignNames = new Set([
  "callbacks",
  "config",
  "configurable",
  "context",
  "control",
  "encoding",
  "executionInfo",
  "heartbeat",
  "interrupt",
  "interruptAfter",
  "interruptBefore",
  "maxConcurrency",
  "metadata",
  "outputKeys",
  "outputVersion",
  "promptIndex",
  "recursionLimit",
  "runId",
  "runName",
  "serverInfo",
  "signal",
  "stop",
  "store",
  "streamMode",
  "tags",
  "timeout",
  "tool_choice",
  "tools",
  "version",
  "writer",
]);

/**
 * Options of a call without LangChain's own options. The model rejects unknown options, so a misspelt
 * name is an error.
 */
export function ownOptions(call: object): object {
  const entries = Object.entries(call).filter(
    ([name]) => !foreignNames.has(name) && !name.startsWith("ls_"),
  );
  return Object.fromEntries(entries);
}

/**
 * Copies the parameters for LangChain's own constructors.
 * @throws CodeLlamaError `INVALID_ARGUMENT` if the parameters are not an object
 */
export function checkParameters<Parameters>(parameters: Parameters, where: string): Parameters {
  return readArgument(`${where}: parameters`, () => {
    if (isRecord(parameters)) return { ...parameters };
    throw invalidArgument(`${where}: parameters must be an object (got ${show(parameters)})`);
  });
}

/**
 * Rejects several answers in a stream: LangChain joins all chunks of a stream into one answer.
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export function requireOneAnswer({ n = 1 }: { readonly n?: number }): void {
  if (n === 1) return;
  throw invalidArgument(`n must be 1 in a stream (got ${n}); use generate() for several answers`);
}
