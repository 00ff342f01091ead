/** A key that clients send as `Authorization: Bearer …`. */
export interface ApiKey {
  /** Stands in logs and metrics in place of the key. */
  readonly name: string;
  readonly key: string;
}

export const keyForm = "8 characters or more of visible ASCII";

/** Whether a text can be sent in that header and is not too easy to guess. */
export function isKey(value: unknown): boolean {
  return typeof value === "string" && /^[!-~]{8,}$/.test(value);
}
