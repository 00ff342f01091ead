/** Key that clients send as `Authorization: Bearer …`. */
export interface ApiKey {
  /** Name for logs and metrics. They never contain the key. */
  readonly name: string;
  readonly key: string;
}

export const keyForm = "8 characters or more of visible ASCII";

/** Whether a text fits into an HTTP header and is long enough to resist guessing. */
export function isKey(value: unknown): boolean {
  return typeof value === "string" && /^[!-~]{8,}$/.test(value);
}
