import { invalidArgument, show } from "../../base/arguments.ts";
import {
  boolean,
  checkOptions,
  copyList,
  integer,
  listOf,
  type Rules,
  text,
} from "../../options/check.ts";
import { isModel } from "../../options/model.ts";
import { isOrigin, originForm } from "../http/origin.ts";
import type { Logger } from "../observability/logger.ts";
import { type ApiKey, isKey, keyForm } from "./api-key.ts";

/** How a handler serves a model. */
export interface HandlerOptions {
  /** What clients call the model. Default: its name in the file. */
  readonly modelName?: string;
  /** Other names that are as good; `"*"` takes any. Default: none. */
  readonly aliases?: readonly string[];
  /** Without any, everybody may do everything. 8 visible ASCII characters or more each. Default: none. */
  readonly apiKeys?: readonly ApiKey[];
  /** Requests of one key, or of all that have none, under way at once. Default: any number. */
  readonly maxConcurrentPerKey?: number;
  /** Origins whose pages may call, such as `"https://example.com"`; `"*"` is all. Default: none. */
  readonly corsOrigins?: readonly string[];
  /** Of a request's body. Default 8 MiB; range 1 KiB to 256 MiB. */
  readonly maxBodyBytes?: number;
  /** Of one prompt. Default: the context. */
  readonly maxPromptTokens?: number;
  /** A generation that takes longer ends with what it has. Default: none; 1 to 2³¹-1. */
  readonly requestTimeoutMs?: number;
  /** An event stream with nothing to tell sends a comment so often. Default 15000; from 10. */
  readonly heartbeatMs?: number;
  /** Control tokens spelled out in text prompts of completions count as such. Default false. */
  readonly rawPrompts?: boolean;
  /** Shows a page to try things out at `/`. Default false. */
  readonly playground?: boolean;
  /** Told of every request: never of prompts or answers. Default: nobody. */
  readonly logger?: Logger;
}

const mostKeys = 1000;

/** Half of the longest string of V8, which a body becomes. */
const mostBodyBytes = 2 ** 28;

export const handlerRules: Rules = {
  modelName: text,
  aliases: listOf(text, 1000),
  apiKeys: {
    allowed: `an array of at most ${mostKeys} { name, key }, each key ${keyForm}`,
    copy: (value) => copyList(value, mostKeys, copyApiKey),
    accepts: (value) => Array.isArray(value) && value.length <= mostKeys && value.every(isApiKey),
  },
  maxConcurrentPerKey: integer(1, 2 ** 31 - 1),
  corsOrigins: listOf({ allowed: originForm, accepts: isOrigin }, 1000),
  maxBodyBytes: integer(1024, mostBodyBytes),
  maxPromptTokens: integer(1, 2 ** 31 - 1),
  requestTimeoutMs: integer(1, 2 ** 31 - 1),
  heartbeatMs: integer(10, 2 ** 31 - 1),
  rawPrompts: boolean,
  playground: boolean,
  logger: {
    allowed: "an object with the functions info, warn and error",
    accepts: isLogger,
  },
};

/**
 * Checks the options; returns the copy that everything after it reads.
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export function checkHandlerOptions(given: HandlerOptions): HandlerOptions {
  const where = "createHandler()";
  const options = checkOptions(given, handlerRules, where);
  const keys = options.apiKeys ?? [];
  for (const [index, { name, key }] of keys.entries()) {
    const others = keys.slice(0, index);
    if (others.some((other) => other.name === name)) {
      throw invalidArgument(`${where}: apiKeys: two keys have the name ${JSON.stringify(name)}`);
    }
    const same = others.find((other) => other.key === key);
    if (same === undefined) continue;
    throw invalidArgument(
      `${where}: apiKeys: ${JSON.stringify(same.name)} and ${JSON.stringify(name)} have the same key`,
    );
  }
  return options;
}

/** Tells a model from whatever else may be given for one. */
export function checkModel(llama: unknown): void {
  if (isModel(llama)) return;
  throw invalidArgument(`createHandler(): the model must be a CodeLlama, not ${show(llama)}`);
}

function copyApiKey(value: unknown): unknown {
  const { name, key } = Object(value) as Partial<ApiKey>;
  return { name, key };
}

function isApiKey(value: unknown): boolean {
  const { name, key } = Object(value) as Record<string, unknown>;
  return text.accepts(name) && isKey(key);
}

function isLogger(value: unknown): boolean {
  const logger = Object(value) as Record<string, unknown>;
  return ["info", "warn", "error"].every((name) => typeof logger[name] === "function");
}
