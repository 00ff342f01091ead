import { CodeLlamaError, type CodeLlamaErrorCode } from "../errors.ts";
import { Redaction } from "./redaction.ts";

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

// The part of a remote's text that is looked at, and the part that is shown: enough to understand it,
// too little for a prompt that it quotes.
const longestRead = 2048;
const longestShown = 300;

/** Errors of one remote engine. They never show its key. */
export class RemoteErrors {
  readonly #base: string;
  readonly #redaction: Redaction | undefined;

  constructor(base: string, apiKey: string | undefined) {
    this.#base = base;
    this.#redaction = apiKey === undefined ? undefined : new Redaction(apiKey);
  }

  /** @param what - words of ours; a remote's words go through `quote()` */
  failed(what: string, options: { readonly status?: number } = {}): CodeLlamaError {
    return new CodeLlamaError("REMOTE_FAILED", `${this.#base}: ${what}`, options);
  }

  /** A remote's text for a message: one line, short, without the key. */
  quote(text: string): string {
    const read = text.slice(0, longestRead);
    const safe = this.#redaction === undefined ? read : this.#redaction.of(read);
    if (safe === undefined) return "(not shown: it repeats the apiKey)";
    const shown = safe.replace(unprintable, " ");
    return shown.length > longestShown ? `${shown.slice(0, longestShown)}…` : shown;
  }

  /** A connection that could not be made, or broke. */
  broken(error: unknown): CodeLlamaError {
    if (CodeLlamaError.isInstance(error)) return error;
    const { code, message } = Object(error) as { code?: unknown; message?: unknown };
    const said = [code, message].filter((each) => typeof each === "string" && each !== "");
    const what = this.quote(said.join(", ")) || "for an unknown reason";
    return this.failed(`the connection failed: ${what}`);
  }

  /** An answer that says what went wrong, in any of the shapes that there are. */
  answered(body: unknown, status?: number): CodeLlamaError {
    const { message, codes } = readErrorBody(body);
    const shown = message === undefined ? "it does not say why" : this.quote(message);
    const told = `${shown}${status === undefined ? "" : ` (HTTP ${status})`}`;
    const what = `${this.#base}: ${told}`;
    const code = codes.find((each) => sharedCodes.has(each));
    if (code !== undefined) return new CodeLlamaError(code as CodeLlamaErrorCode, what);
    if (overflow.test(`${codes.join(" ")} ${message}`)) {
      return new CodeLlamaError("CONTEXT_OVERFLOW", what);
    }
    if (status === 429) return new CodeLlamaError("QUEUE_FULL", what);
    if (status === 401 || status === 403) {
      const hint = this.#redaction === undefined ? "it wants an apiKey" : "it refuses the apiKey";
      return this.failed(`${hint}: ${told}`, { status });
    }
    return this.failed(told, status === undefined ? {} : { status });
  }
}

// Control characters, line ends and signs that turn the direction of a text.
const unprintable = /[\p{Cc}\p{Zl}\p{Zp}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]+/gu;

function readErrorBody(body: unknown): { message: string | undefined; codes: readonly string[] } {
  const { error = body } = Object(body) as { error?: unknown };
  const { message, detail, code, type, error_type } = Object(error) as Record<string, unknown>;
  return {
    message: [message, detail, error].find((each) => typeof each === "string"),
    codes: [code, type, error_type].filter((each) => typeof each === "string"),
  };
}
