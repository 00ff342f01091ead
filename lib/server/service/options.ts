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

/** Options of `createHandler()`. */
export interface HandlerOptions {
  /** Name of the model for clients. Default: the name in the model file. */
  readonly modelName?: string;
  /** Other accepted names. `"*"` accepts any name. Default: none. */
  readonly aliases?: readonly string[];
  /** Keys that clients need, at least 8 visible ASCII characters each. Default: none, no key needed. */
  readonly apiKeys?: readonly ApiKey[];
  /** Concurrent requests per API key. Without keys, all clients together. Default: no limit. */
  readonly maxConcurrentPerKey?: number;
  /** Origins whose pages may send requests, such as `"https://example.com"`. `"*"` = all. Default: none. */
  readonly corsOrigins?: readonly string[];
  /** Largest request body. Default 8 MiB; range 1 KiB to 256 MiB. */
  readonly maxBodyBytes?: number;
  /** Longest prompt. Default: the context window. */
  readonly maxPromptTokens?: number;
  /** A generation that takes longer ends with the text so far. Default: no limit; 1 to 2³¹-1. */
  readonly requestTimeoutMs?: number;
  /** A silent event stream sends a comment at this interval. Default 15000; 10 to 2³¹-1. */
  readonly heartbeatMs?: number;
  /** Whether text prompts of completions may spell control tokens. Default false: they are plain text. */
  readonly rawPrompts?: boolean;
  /** Serves the playground page at `/`. Default false. */
  readonly playground?: boolean;
  /** Gets one record per request, never a prompt or an answer. Default: no log. */
  readonly logger?: Logger;
}

const maxKeys = 1000;

/** Half of V8's longest string: a body becomes one string. */
const largestBodyBytes = 2 ** 28;

export const handlerRules: Rules = {
  modelName: text,
  aliases: listOf(text, 1000),
  apiKeys: {
    allowed: `an array of at most ${maxKeys} { name, key }, each key ${keyForm}`,
    copy: (value) => copyList(value, maxKeys, copyApiKey),
    accepts: (value) => Array.isArray(value) && value.length <= maxKeys && value.every(isApiKey),
  },
  maxConcurrentPerKey: integer(1, 2 ** 31 - 1),
  corsOrigins: listOf({ allowed: originForm, accepts: isOrigin }, 1000),
  maxBodyBytes: integer(1024, largestBodyBytes),
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
 * Checks the options. Returns a copy; later changes to the caller's object have no effect.
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export function checkHandlerOptions(given: HandlerOptions): HandlerOptions {
  const where = "createHandler()";
  const options = checkOptions(given, handlerRules, where);
  const keys = options.apiKeys ?? [];
  for (const [index, { name, key }] of keys.entries()) {
    const others = keys.slice(0, index);
    if (others.some((other) => other.name === name)) {
      throw invalidArgument(
        `${where}: apiKeys must have different names (${JSON.stringify(name)} occurs twice)`,
      );
    }
    const same = others.find((other) => other.key === key);
    if (same === undefined) continue;
    throw invalidArgument(
      `${where}: apiKeys must have different keys (${JSON.stringify(same.name)} and ${JSON.stringify(name)} share one)`,
    );
  }
  return options;
}

/** @throws CodeLlamaError `INVALID_ARGUMENT` if the value is not a CodeLlama */
export function checkModel(llama: unknown): void {
  if (isModel(llama)) return;
  throw invalidArgument(`createHandler(): llama must be a CodeLlama (got ${show(llama)})`);
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
