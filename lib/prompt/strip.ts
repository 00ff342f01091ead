/**
 * The characters that Python's str.strip() and str.split() treat as white space. String.trim()
 * differs: it keeps U+001C to U+001F and U+0085 and removes U+FEFF.
 */
export const whiteSpace: ReadonlySet<string> = new Set(
  "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008" +
    "\u2009\u200a\u2028\u2029\u202f\u205f\u3000",
);

// A table, because a Set look-up for each of eight million blanks blocks the event loop.
const isWhiteSpace = new Uint8Array(2 ** 16);
for (const character of whiteSpace) isWhiteSpace[character.charCodeAt(0)] = 1;

/** Removes white space at both ends, like Python's str.strip(). */
export function strip(text: string): string {
  const [start, end] = strippedRange(text);
  return text.slice(start, end);
}

/** Returns the range of a text that `strip` keeps. */
export function strippedRange(text: string): [start: number, end: number] {
  // Loops, because the regular expression `space+$` would start again at each blank in the text.
  let start = 0;
  let end = text.length;
  while (start < end && isWhiteSpace[text.charCodeAt(start)] === 1) start++;
  while (end > start && isWhiteSpace[text.charCodeAt(end - 1)] === 1) end--;
  return [start, end];
}
