import { invalidArgument, readArgument, show } from "../../base/arguments.ts";
import { isRecord } from "../../options/check.ts";

// Of LangChain's calls, and of LangGraph's, whose nodes hand the whole config on.
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
 * The options of a call but those that are for LangChain: the model checks them, so that a misspelt
 * one is not lost.
 */
export function ownOptions(call: object): object {
  const entries = Object.entries(call).filter(
    ([name]) => !foreignNames.has(name) && !name.startsWith("ls_"),
  );
  return Object.fromEntries(entries);
}

/**
 * What LangChain's own constructors read.
 * @throws CodeLlamaError `INVALID_ARGUMENT` unless the options are an object
 */
export function checkParameters<Parameters>(parameters: Parameters, where: string): Parameters {
  return readArgument(`${where}: parameters`, () => {
    if (isRecord(parameters)) return { ...parameters };
    throw invalidArgument(`${where}: parameters must be an object, not ${show(parameters)}`);
  });
}

/**
 * LangChain puts all pieces of a stream together as one answer.
 * @throws CodeLlamaError `INVALID_ARGUMENT` for several
 */
export function requireOneAnswer({ n = 1 }: { readonly n?: number }): void {
  if (n === 1) return;
  throw invalidArgument(`n must be 1 in a stream, not ${n}; generate() gives several answers`);
}
