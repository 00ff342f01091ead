/**
 * The pause that a `Retry-After` header names, in seconds or as a date, in milliseconds. Undefined without
 * the header, and for a text that is neither.
 */
export function retryAfterMs(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
