import { CodeLlamaError, type CodeLlamaErrorCode } from "../errors.ts";

// Our own server names its errors by our codes, and these mean here what they mean there.
const sharedCodes: ReadonlySet<string> = new Set<CodeLlamaErrorCode>([
  "INVALID_ARGUMENT",
  "INVALID_GRAMMAR",
  "CONTEXT_OVERFLOW",
  "CAPABILITY_MISSING",
  "QUEUE_FULL",
  "OUT_OF_MEMORY",
  "BACKEND_FAILED",
]);

// llama-server's type of error; what vLLM and TGI say.
const overflow =
  /exceed_context_size|maximum context length|exceeds the available context|must be <= \d+\. Given/i;

/** Errors of one remote engine. They never show its key. */
export class RemoteErrors {
  readonly #base: string;
  readonly #apiKey: string | undefined;

  constructor(base: string, apiKey: string | undefined) {
    this.#base = base;
    this.#apiKey = apiKey;
  }

  failed(what: string, options: ErrorOptions & { readonly status?: number } = {}): CodeLlamaError {
    return new CodeLlamaError("REMOTE_FAILED", this.#hide(`${this.#base}: ${what}`), options);
  }

  /** A connection that could not be made, or broke. */
  broken(error: unknown): CodeLlamaError {
    if (CodeLlamaError.isInstance(error)) return error;
    // fetch() wraps what happened.
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const { code, message } = Object(cause) as { code?: unknown; message?: unknown };
    const said = [code, message].filter((each) => typeof each === "string" && each !== "");
    return this.failed(`the connection failed: ${said.join(", ") || "for an unknown reason"}`);
  }

  /** An answer that says what went wrong, in any of the shapes that there are. */
  answered(body: unknown, status?: number): CodeLlamaError {
    const { message, codes } = readErrorBody(body);
    const told = `${message ?? "it does not say why"}${status === undefined ? "" : ` (HTTP ${status})`}`;
    const what = this.#hide(`${this.#base}: ${told}`);
    const code = codes.find((each) => sharedCodes.has(each));
    if (code !== undefined) return new CodeLlamaError(code as CodeLlamaErrorCode, what);
    if (overflow.test(`${codes.join(" ")} ${message}`)) {
      return new CodeLlamaError("CONTEXT_OVERFLOW", what);
    }
    if (status === 429) return new CodeLlamaError("QUEUE_FULL", what);
    if (status === 401 || status === 403) {
      const hint = this.#apiKey === undefined ? "it wants an apiKey" : "it refuses the apiKey";
      return this.failed(`${hint}: ${told}`, { status });
    }
    return this.failed(told, status === undefined ? {} : { status });
  }

  #hide(text: string): string {
    return this.#apiKey === undefined ? text : text.replaceAll(this.#apiKey, "…");
  }
}

// Of what a remote says: enough to understand it, too little for a prompt that it quotes.
const longestMessage = 300;

function readErrorBody(body: unknown): { message: string | undefined; codes: readonly string[] } {
  const { error = body } = Object(body) as { error?: unknown };
  const { message, detail, code, type, error_type } = Object(error) as Record<string, unknown>;
  const said = [message, detail, error].find((each) => typeof each === "string");
  return {
    message: typeof said === "string" ? shorten(said) : undefined,
    codes: [code, type, error_type].filter((each) => typeof each === "string"),
  };
}

function shorten(text: string): string {
  return text.length > longestMessage ? `${text.slice(0, longestMessage)}…` : text;
}
