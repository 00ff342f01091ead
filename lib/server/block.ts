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
  const undecided = /\n[ \t\n]*$/.exec(text)?.index;
  return { length: undecided ?? text.length, ended: false };
}
