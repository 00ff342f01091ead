export const originForm = '"*" or an origin such as "https://example.com", without a path';

/** Whether browsers send this, letter for letter, as a page's origin; or it stands for all. */
export function isOrigin(value: unknown): boolean {
  if (value === "*") return true;
  if (typeof value !== "string" || !URL.canParse(value)) return false;
  const { protocol, host } = new URL(value);
  return host !== "" && value === `${protocol}//${host}`;
}
