export const originForm = '"*" or an origin such as "https://example.com", without a path';

/** Whether a value is `"*"` or exactly what a browser sends as a page's origin. */
export function isOrigin(value: unknown): boolean {
  if (value === "*") return true;
  if (typeof value !== "string" || !URL.canParse(value)) return false;
  const { protocol, host } = new URL(value);
  return host !== "" && value === `${protocol}//${host}`;
}
