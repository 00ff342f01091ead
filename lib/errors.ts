import { isError } from "./base/brands.ts";

/**
 * The reason of a failure, for programs:
 *
 * | code | thrown when | what to do |
 * |---|---|---|
 * | `MODEL_NOT_FOUND` | the model file or one of its parts does not exist or cannot be read; a remote server does not have the model | check the path, the permissions or the model's name |
 * | `DOWNLOAD_FAILED` | a model cannot be fetched: the hub is unreachable, refuses access or sends a damaged file, or the disk is full | follow the advice in the message; a further attempt continues where this one ended |
 * | `MODEL_INVALID` | the file is not a GGUF file, or it is damaged | download the file again |
 * | `MODEL_UNSUPPORTED` | the GGUF file is valid, but this version cannot run it | update node-codellama, or use another model |
 * | `OUT_OF_MEMORY` | the weights, the KV cache or another buffer does not fit into memory | lower `contextSize` or `parallel`, or use a smaller model |
 * | `CONTEXT_OVERFLOW` | the prompt does not fit into the context window | shorten the prompt, or raise `contextSize` |
 * | `CAPABILITY_MISSING` | the model or the engine cannot do what the call asks for | use the model that the message names, or drop the option |
 * | `INVALID_ARGUMENT` | an argument or option is unknown, has the wrong type or is out of range | fix the value; the message says what is allowed |
 * | `INVALID_GRAMMAR` | a grammar or JSON schema is malformed or uses an unsupported feature | fix the part that the message names |
 * | `QUEUE_FULL` | `maxQueue` requests are already waiting | retry later |
 * | `ABORTED` | loading or generating was cancelled, and the signal has no reason of its own | nothing: the caller cancelled |
 * | `CLOSED` | the engine was closed | load the model again |
 * | `BACKEND_FAILED` | llama.cpp or the device failed during computation | retry; load the model again if the engine has closed |
 * | `REMOTE_FAILED` | a remote server is unreachable, refuses the request or sends an invalid answer | check the URL and the server; `status` holds the HTTP status if there is one |
 * | `ADDON_MISSING` | the native addon is neither prebuilt nor compiled, or cannot be loaded | follow the steps in the message |
 */
export type CodeLlamaErrorCode =
  | "MODEL_NOT_FOUND"
  | "DOWNLOAD_FAILED"
  | "MODEL_INVALID"
  | "MODEL_UNSUPPORTED"
  | "OUT_OF_MEMORY"
  | "CONTEXT_OVERFLOW"
  | "CAPABILITY_MISSING"
  | "INVALID_ARGUMENT"
  | "INVALID_GRAMMAR"
  | "QUEUE_FULL"
  | "ABORTED"
  | "CLOSED"
  | "BACKEND_FAILED"
  | "REMOTE_FAILED"
  | "ADDON_MISSING";

// A registered symbol, so that the ESM and the CommonJS copy recognise each other's errors.
const marker: unique symbol = Symbol.for("node-codellama.error");

const statuses: Readonly<Record<CodeLlamaErrorCode, number>> = {
  INVALID_ARGUMENT: 400,
  INVALID_GRAMMAR: 400,
  CONTEXT_OVERFLOW: 400,
  CAPABILITY_MISSING: 400,
  QUEUE_FULL: 429,
  BACKEND_FAILED: 500,
  REMOTE_FAILED: 502,
  CLOSED: 503,
  OUT_OF_MEMORY: 503,
  ABORTED: 503,
  MODEL_NOT_FOUND: 503,
  DOWNLOAD_FAILED: 503,
  MODEL_INVALID: 503,
  MODEL_UNSUPPORTED: 503,
  ADDON_MISSING: 503,
};

/** HTTP status of an error code. */
export function statusOf(code: CodeLlamaErrorCode): number {
  return statuses[code];
}

/** The `retry-after` header if a retry can succeed, otherwise no header. */
export function retryHeaders(status: number): Readonly<Record<string, string>> {
  return status === 429 ? { "retry-after": "1" } : {};
}

/**
 * The only error class of this package. `message` names the call, the wrong value and what is allowed.
 *
 * A route handler need not catch it: Fastify and Express answer with `statusCode`, Hono with
 * `getResponse()`. The status is 400 for a mistake of the caller, 429 for a full queue, 502 for a
 * failed remote server, 503 if no model can answer, and 500 otherwise. Express prefers `status`, which
 * is the HTTP status of a remote server.
 */
export class CodeLlamaError extends Error {
  readonly code: CodeLlamaErrorCode;
  /** HTTP status of the remote server's answer. Only with `REMOTE_FAILED` and `DOWNLOAD_FAILED`. */
  declare readonly status?: number;

  constructor(
    code: CodeLlamaErrorCode,
    message: string,
    { status, ...options }: ErrorOptions & { readonly status?: number } = {},
  ) {
    super(message, options);
    this.code = code;
    if (status !== undefined) this.status = status;
  }

  // On the prototype, so that a console does not print it.
  get [marker](): true {
    return true;
  }

  /** HTTP status for the client whose request caused this error. Not enumerable. */
  get statusCode(): number {
    return statusOf(this.code);
  }

  /** The error as an HTTP response in the format of OpenAI's API. Hono calls this method. */
  getResponse(): Response {
    const { code, message, statusCode: status } = this;
    return Response.json({ error: { message, code } }, { status, headers: retryHeaders(status) });
  }

  /** Whether a value is a CodeLlamaError, of this or of another copy of this package. */
  static isInstance(value: unknown): value is CodeLlamaError {
    return isError(value) && marker in value;
  }
}

Object.defineProperty(CodeLlamaError.prototype, "name", { value: "CodeLlamaError" });

// Messages of the C++ library's exceptions when an allocation fails on the JavaScript thread.
const allocationFailures = [
  "std::bad_alloc",
  "vector::reserve",
  "cannot create std::vector larger than max_size()",
];

/** Converts an error of the addon to a CodeLlamaError. Returns any other value unchanged. */
export function fromNative(error: unknown): unknown {
  if (isError(error) && allocationFailures.includes(error.message)) {
    return new CodeLlamaError("OUT_OF_MEMORY", "out of memory", { cause: error });
  }
  if (isError(error) && "code" in error && !CodeLlamaError.isInstance(error)) {
    return new CodeLlamaError(error.code as CodeLlamaErrorCode, error.message);
  }
  return error;
}

/** Runs a call into the addon and converts what it throws to a CodeLlamaError. */
export function callNative<Value>(call: () => Value): Value {
  try {
    return call();
  } catch (error) {
    throw fromNative(error);
  }
}
