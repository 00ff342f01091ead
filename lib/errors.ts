import { isError } from "./base/brands.ts";

/**
 * What went wrong, for programs:
 *
 * | code | when |
 * |---|---|
 * | `MODEL_NOT_FOUND` | the file, or a part of it, does not exist or cannot be read; a remote has no such model |
 * | `MODEL_INVALID` | the file is not a GGUF file, or is damaged |
 * | `MODEL_UNSUPPORTED` | a good GGUF file that this version cannot run |
 * | `OUT_OF_MEMORY` | weights or KV cache do not fit into memory |
 * | `CONTEXT_OVERFLOW` | the prompt is longer than the context |
 * | `CAPABILITY_MISSING` | the model cannot do what was asked |
 * | `INVALID_ARGUMENT` | an option or argument is unknown, of the wrong type or out of range |
 * | `INVALID_GRAMMAR` | a grammar or JSON schema cannot be used |
 * | `QUEUE_FULL` | more requests wait than `maxQueue` allows |
 * | `ABORTED` | loading or generating was cancelled without a reason of its own |
 * | `CLOSED` | the engine was closed |
 * | `BACKEND_FAILED` | llama.cpp or the device failed while computing |
 * | `REMOTE_FAILED` | a remote engine cannot be reached, refuses, or answers what cannot be understood |
 * | `ADDON_MISSING` | the native addon is neither prebuilt nor compiled, or cannot be loaded |
 */
export type CodeLlamaErrorCode =
  | "MODEL_NOT_FOUND"
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

// Registered, so that the ESM and the CommonJS copy of this package know each other's errors.
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
  MODEL_INVALID: 503,
  MODEL_UNSUPPORTED: 503,
  ADDON_MISSING: 503,
};

/** The HTTP status that fits an error. */
export function statusOf(code: CodeLlamaErrorCode): number {
  return statuses[code];
}

/** When to try again, where it is worth it. */
export function retryHeaders(status: number): Readonly<Record<string, string>> {
  return status === 429 ? { "retry-after": "1" } : {};
}

/**
 * The one error class of this package. `message` says what, where and what is allowed.
 *
 * A route of a web framework may let it pass: Fastify and Express answer with `statusCode`, Hono with
 * `getResponse()`. 400 is for what the caller got wrong, 429 for a full queue, 502 for a remote, 503
 * where there is no model to answer, 500 for the rest. Express prefers `status`, where a remote gave one.
 */
export class CodeLlamaError extends Error {
  readonly code: CodeLlamaErrorCode;
  /** HTTP status of a remote engine's answer, with `REMOTE_FAILED`. */
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

  // On the prototype, so that consoles do not print it.
  get [marker](): true {
    return true;
  }

  /** The HTTP status for a client of yours that caused this error; not enumerable. */
  get statusCode(): number {
    return statusOf(this.code);
  }

  /** The error as an answer, in the form of OpenAI's API. Hono calls it. */
  getResponse(): Response {
    const { code, message, statusCode: status } = this;
    return Response.json({ error: { message, code } }, { status, headers: retryHeaders(status) });
  }

  /** Like `instanceof`, but also true for errors of another copy of this package. */
  static isInstance(value: unknown): value is CodeLlamaError {
    return isError(value) && marker in value;
  }
}

Object.defineProperty(CodeLlamaError.prototype, "name", { value: "CodeLlamaError" });

// What the C++ library throws on this thread comes out of the addon by these names.
const noMemory = [
  "std::bad_alloc",
  "vector::reserve",
  "cannot create std::vector larger than max_size()",
];

/** An error of the addon as a CodeLlamaError; anything else as it is. */
export function fromNative(error: unknown): unknown {
  if (isError(error) && noMemory.includes(error.message)) {
    return new CodeLlamaError("OUT_OF_MEMORY", "no memory is free", { cause: error });
  }
  if (isError(error) && "code" in error && !CodeLlamaError.isInstance(error)) {
    return new CodeLlamaError(error.code as CodeLlamaErrorCode, error.message);
  }
  return error;
}

/** Calls the addon; what it throws comes out as a CodeLlamaError. */
export function callNative<Value>(call: () => Value): Value {
  try {
    return call();
  } catch (error) {
    throw fromNative(error);
  }
}
