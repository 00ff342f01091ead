/** Answers web requests. It does not depend on the server that received them. */
export interface Handler {
  (request: Request): Promise<Response>;
  /**
   * Refuses new requests and resolves when the running ones have ended. Requests that still run
   * after `deadlineMs` (default 30000) end with an error. The model stays loaded.
   */
  drain(deadlineMs?: number): Promise<void>;
}
