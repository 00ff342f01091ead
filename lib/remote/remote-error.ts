import { CodeLlamaError, type CodeLlamaErrorCode } from "../errors.ts";
import { Redaction } from "./redaction.ts";

// Error codes that node-codellama's server sends and that keep their meaning here.
const sharedCodes: ReadonlySet<string> = new Set<CodeLlamaErrorCode>([
  "INVALID_ARGUMENT",
  "INVALID_GRAMMAR",
  "CONTEXT_OVERFLOW",
  "CAPABILITY_MISSING",
  "QUEUE_FULL",
  "OUT_OF_MEMORY",
  "BACKEND_FAILED",
]);

// The error type of llama-server, and messages of vLLM and TGI.
const overflow =
  /exceed_context_size|maximum context length|exceeds the available context|must be <= \d+\. Given/i;

// Characters of a remote's text that are searched for the key, and characters that are shown. The
// shown part is long enough to understand and too short to repeat a whole prompt.
const longestRead = 2048;
const longestShown = 300;

/** Creates the errors of one remote engine. They never show its key. */
export class RemoteErrors {
  readonly #base: string;
  readonly #redaction: Redaction | undefined;

  constructor(base: string, apiKey: string | undefined) {
    this.#base = base;
    this.#redaction = apiKey === undefined ? undefined : new Redaction(apiKey);
  }

  /** @param what - our own text; text of a remote must go through `quote()` first */
  failed(what: string, options: { readonly status?: number } = {}): CodeLlamaError {
    return new CodeLlamaError("REMOTE_FAILED", `${this.#base}: ${what}`, options);
  }

  /** Returns a remote's text as one short line without the key. */
  quote(text: string): string {
    const read = text.slice(0, longestRead);
    const safe = this.#redaction === undefined ? read : this.#redaction.of(read);
    if (safe === undefined) return "(not shown: it repeats the apiKey)";
    const shown = safe.replace(unprintable, " ");
    return shown.length > longestShown ? `${shown.slice(0, longestShown)}…` : shown;
  }

  /** Returns the error for a connection that could not be opened or that broke. */
  broken(error: unknown): CodeLlamaError {
    if (CodeLlamaError.isInstance(error)) return error;
    const { code, message } = Object(error) as { code?: unknown; message?: unknown };
    const details = [code, message].filter((each) => typeof each === "string" && each !== "");
    const reason = this.quote(details.join(", ")) || "unknown reason";
    return this.failed(`the connection failed: ${reason}`);
  }

  /** Returns the error for an answer that reports a failure, in the format of any known server. */
  answered(body: unknown, status?: number): CodeLlamaError {
    const { message, codes } = readErrorBody(body);
    const shown = message === undefined ? "the server gave no reason" : this.quote(message);
    const report = `${shown}${status === undefined ? "" : ` (HTTP ${status})`}`;
    const what = `${this.#base}: ${report}`;
    const code = codes.find((each) => sharedCodes.has(each));
    if (code !== undefined) return new CodeLlamaError(code as CodeLlamaErrorCode, what);
    if (overflow.test(`${codes.join(" ")} ${message}`)) {
      return new CodeLlamaError("CONTEXT_OVERFLOW", what);
    }
    if (status === 429) return new CodeLlamaError("QUEUE_FULL", what);
    if (status === 401 || status === 403) {
      const hint =
        this.#redaction === undefined
          ? "the server requires an apiKey"
          : "the server rejects the apiKey";
      return this.failed(`${hint}: ${report}`, { status });
    }
    return this.failed(report, status === undefined ? {} : { status });
  }
}

// Control characters, line breaks and marks that change the direction of a text.
const unprintable = /[\p{Cc}\p{Zl}\p{Zp}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]+/gu;

function readErrorBody(body: unknown): { message: string | undefined; codes: readonly string[] } {
  const { error = body } = Object(body) as { error?: unknown };
  const { message, detail, code, type, error_type } = Object(error) as Record<string, unknown>;
  return {
    message: [message, detail, error].find((each) => typeof each === "string"),
    codes: [code, type, error_type].filter((each) => typeof each === "string"),
  };
}
