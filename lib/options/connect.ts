import { invalidArgument, readArgument, show } from "../base/arguments.ts";
import { hrefOf } from "../base/brands.ts";
import { abortSignal, checkOptions, integer, oneOf, type Rule, text } from "./check.ts";
import { type OptionTable, rulesOf } from "./table.ts";

const remoteKinds = [
  "node-codellama",
  "llama-server",
  "vllm",
  "tgi",
  "lmdeploy",
  "openai",
] as const;

/** The kind of server behind a remote engine. */
export type RemoteKind = (typeof remoteKinds)[number];

/** How to connect to a remote engine. */
export interface ConnectOptions {
  /** Sent as `Authorization: Bearer …`; errors never show it. Default: none. */
  readonly apiKey?: string;
  /** Name of one of the remote's models. Default: the only model of the remote. */
  readonly model?: string;
  /**
   * Path or URI of a GGUF file with the remote model's vocabulary: the same model in any quantisation. Only
   * the vocabulary is loaded. Prompts are then tokenized here, token for token as in process, and the
   * whole API works. Default: none; texts and dialogs are then sent as they are, and the remote
   * tokenizes them in its own way.
   */
  readonly tokenizer?: string;
  /** Default: detected by requests. `"openai"` is any other server with OpenAI's API. */
  readonly kind?: RemoteKind;
  /** Maximum number of tokens of a sequence. Default: as the remote reports, or the training length. */
  readonly contextSize?: number;
  /**
   * How often a request is sent again that the remote rejected before it did anything (429 or 503),
   * after the delay that the remote asked for or a growing delay. Default 2; range 0 to 10.
   */
  readonly maxRetries?: number;
  /**
   * Milliseconds after which a remote without useful data counts as gone: while connecting, before
   * the head of its response and inside the response. Comments and events without content are not
   * useful. Default 300000; range 1 to 2³¹-1.
   */
  readonly idleTimeoutMs?: number;
  /** Cancels the connecting, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

const where = "CodeLlama.connect()";

// Throws itself: the message of a check would show the value, which is secret.
const headerText: Rule<string> = {
  allowed: "a string of visible ASCII characters",
  accepts(value: unknown): boolean {
    if (typeof value === "string" && /^[\x21-\x7e]+$/.test(value)) return true;
    throw invalidArgument(`CodeLlama.connect(): apiKey must be ${headerText.allowed}`);
  },
};

/** The options of `connect`. */
export const connectTable = {
  apiKey: {
    rule: headerText,
    doc: "authenticate with this key; errors never show it",
  },
  model: {
    rule: text,
    defaultText: "the only model",
    doc: "use this model of the remote",
  },
  tokenizer: {
    rule: text,
    doc: "tokenize here with the vocabulary of this GGUF file",
  },
  kind: {
    rule: oneOf(...remoteKinds),
    defaultText: "detected",
    doc: "choose the kind of server",
  },
  contextSize: {
    rule: integer(8, 2 ** 31 - 1),
    defaultText: "as the remote reports",
    doc: "limit a sequence to this many tokens",
  },
  maxRetries: {
    rule: integer(0, 10),
    default: 2,
    doc: "repeat requests that the remote rejects as too busy",
  },
  idleTimeoutMs: {
    rule: integer(1, 2 ** 31 - 1),
    default: 300_000,
    doc: "give up on a remote that stays silent for this long",
  },
  signal: { rule: abortSignal, doc: "cancel the connecting" },
} as const satisfies OptionTable<ConnectOptions>;

export const connectRules = rulesOf(connectTable);

/**
 * Checks the options; returns the copy that everything after it reads.
 * @throws CodeLlamaError `INVALID_ARGUMENT`, which does not show what may be secret
 */
export function checkConnectOptions(options: ConnectOptions): ConnectOptions {
  return checkOptions(options, connectRules, where);
}

/**
 * Checks the URL; returns its beginning, to which a route is added.
 * @throws CodeLlamaError `INVALID_ARGUMENT`, which does not show what may be secret
 */
export function connectBase(url: unknown): string {
  const address = typeof url === "string" ? url : readArgument(`${where}: url`, () => hrefOf(url));
  const parsed = address === undefined ? undefined : parseUrl(address);
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
    throw invalidArgument(
      `${where}: the url must begin with http:// or https://, such as "http://127.0.0.1:8080"` +
        (typeof url === "string" ? "" : ` (got ${show(url)})`),
    );
  }
  if (parsed.username !== "" || parsed.password !== "" || parsed.search !== "") {
    throw invalidArgument(
      `${where}: the url must have no user, password or query; pass a key as apiKey`,
    );
  }
  // Clients of OpenAI's API are given the address with the version.
  return parsed.origin + parsed.pathname.replace(/(?<!\/)\/+$/, "").replace(/\/v1$/, "");
}

function parseUrl(url: string): URL | undefined {
  try {
    return new URL(url);
  } catch {
    return undefined;
  }
}
