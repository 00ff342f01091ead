// Python's str.strip(): not String.trim(), which keeps U+001C to U+001F and U+0085, and takes U+FEFF.
const space =
  "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const ends = new RegExp(`^${space}+|${space}+$`, "g");

/** A text without the white space around it, as Python sees white space. */
export function strip(text: string): string {
  return text.replace(ends, "");
}
