/**
 * Length of the part of a growing text that lies inside a code block, after llama.cpp's `n_indent`.
 * The block ends before the first line, other than line 1, whose indentation has fewer than `columns`
 * characters. Blank lines do not end a block.
 */
export function insideBlock(
  text: string,
  columns: number,
): { readonly length: number; readonly ended: boolean } {
  for (const { 1: indent = "", index } of text.matchAll(/\n([ \t]*)(?=[^ \t\n])/g)) {
    if (indent.length < columns) return { length: index, ended: true };
  }
  // The first non-blank character of the last line will show whether that line is in the block.
  const blank = text.indexOf("\n", startOfTrailingBlanks(text));
  return { length: blank < 0 ? text.length : blank, ended: false };
}

/** Start of the trailing blanks of a text. A regular expression would take quadratic time. */
function startOfTrailingBlanks(text: string): number {
  let end = text.length;
  while (end > 0 && " \t\n".includes(text.charAt(end - 1))) end--;
  return end;
}
