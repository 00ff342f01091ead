import { CodeLlamaError } from "../errors.ts";

/** Whether a failure of a transfer may go away by itself, and when the server asks to retry. */
export interface Retry {
  /** Milliseconds that the server asks for. Undefined if it does not say. */
  readonly afterMs: number | undefined;
}

const retries = new WeakMap<CodeLlamaError, Retry>();

/** A failure to fetch. The text must contain no token, and no query of a URL, which may be signed. */
export function downloadFailed(
  message: string,
  options: ErrorOptions & { readonly status?: number; readonly retry?: Retry } = {},
): CodeLlamaError {
  const { retry, ...rest } = options;
  const error = new CodeLlamaError("DOWNLOAD_FAILED", message, rest);
  if (retry !== undefined) retries.set(error, retry);
  return error;
}

/** The error for a model, repository or file that a hub or a cache does not have. */
export function notFound(message: string): CodeLlamaError {
  return new CodeLlamaError("MODEL_NOT_FOUND", message);
}

/** Whether and when to try again after an error. Undefined if a retry does not help. */
export function retryOf(error: unknown): Retry | undefined {
  return CodeLlamaError.isInstance(error) ? retries.get(error) : undefined;
}

/** Address for a message: without query, user and password, which may be secret. */
export function plainAddress(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

/** Number of bytes for people, such as `4.08 GB`. */
export function sizeText(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(2)} GB`;
  if (bytes >= 1e6) return `${(bytes / 1e6).toFixed(1)} MB`;
  return bytes >= 1e3 ? `${(bytes / 1e3).toFixed(1)} kB` : `${bytes} B`;
}
