/**
 * How much of a growing text lies inside a block of code, as llama.cpp's `n_indent` bounds it: up to
 * the first line, behind the first, that is indented by fewer than `columns` characters. Blank lines
 * do not end a block.
 */
export function insideBlock(
  text: string,
  columns: number,
): { readonly length: number; readonly ended: boolean } {
  for (const { 1: indent = "", index } of text.matchAll(/\n([ \t]*)(?=[^ \t\n])/g)) {
    if (indent.length < columns) return { length: index, ended: true };
  }
  // Whether the last line belongs to it shows with its first character.
  const blank = text.indexOf("\n", endOfWords(text));
  return { length: blank < 0 ? text.length : blank, ended: false };
}

/** Where the blanks begin that a text ends with. A regular expression would look at them from each. */
function endOfWords(text: string): number {
  let end = text.length;
  while (end > 0 && " \t\n".includes(text.charAt(end - 1))) end--;
  return end;
}
