import { invalidArgument, readArgument, show } from "../base/arguments.ts";
import { hrefOf } from "../base/brands.ts";
import { abortSignal, checkOptions, integer, oneOf, type Rules, text } from "./check.ts";

const remoteKinds = [
  "node-codellama",
  "llama-server",
  "vllm",
  "tgi",
  "lmdeploy",
  "openai",
] as const;

/** Which server a remote engine is. */
export type RemoteKind = (typeof remoteKinds)[number];

export interface ConnectOptions {
  /** Sent as `Authorization: Bearer …`, and never shown. Default: none. */
  readonly apiKey?: string;
  /** One of the remote's models. Default: the only one that it has. */
  readonly model?: string;
  /**
   * Path of a GGUF file with the remote model's vocabulary, of which nothing else is loaded: the same
   * model in any quantisation. With it prompts are made here, token for token as in process, and
   * all of the API works. Default: none; texts and dialogs then go out as they are, and the remote
   * makes tokens of them in its own way.
   */
  readonly tokenizer?: string;
  /** Default: found by asking. `"openai"` is any other that speaks OpenAI's API. */
  readonly kind?: RemoteKind;
  /** Tokens of the longest sequence. Default: what the remote tells, or the training length. */
  readonly contextSize?: number;
  /**
   * How often a request that the remote turned away (429 or 503, before it did anything) is sent
   * again, after the time that it asked for or a growing pause. Default 2; range 0 to 10.
   */
  readonly maxRetries?: number;
  /**
   * A remote that sends nothing useful for so long counts as gone: while it is connected to, before
   * the head of its answer and inside of it. Comments and events without content are not useful.
   * Default 300000; range 1 to 2³¹-1.
   */
  readonly idleTimeoutMs?: number;
  /** Cancels the connecting, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

const where = "CodeLlama.connect()";

// The value is not shown, as a check's message shows others.
const headerText = {
  allowed: "a string of visible ASCII characters",
  accepts(value: unknown): boolean {
    if (typeof value === "string" && /^[\x21-\x7e]+$/.test(value)) return true;
    throw invalidArgument(`CodeLlama.connect(): apiKey must be ${headerText.allowed}`);
  },
};

export const connectRules: Rules = {
  apiKey: headerText,
  model: text,
  tokenizer: text,
  kind: oneOf(...remoteKinds),
  contextSize: integer(8, 2 ** 31 - 1),
  maxRetries: integer(0, 10),
  idleTimeoutMs: integer(1, 2 ** 31 - 1),
  signal: abortSignal,
};

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
        (typeof url === "string" ? "" : `, not ${show(url)}`),
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
