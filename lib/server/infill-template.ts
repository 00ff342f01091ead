import type { InfillInput } from "../options/infill.ts";

const prefixMark = "<PRE> ";
const suffixMark = "<SUF>";
const middleMark = " <MID>";

/**
 * The hole of a prompt that spells Code Llama's infill format out, as Continue, Tabby and Ollama's
 * templates do: `<PRE> {prefix} <SUF>{suffix} <MID>`, or suffix first. Taken as mere text it would
 * not do: before a suffix that begins with a quote `<SUF>"` is cut into other tokens.
 */
export function infillOfTemplate(prompt: string): InfillInput | undefined {
  if (!prompt.startsWith(prefixMark)) return undefined;
  const inside = prompt.slice(prefixMark.length);
  return suffixFirst(inside) ?? prefixFirst(inside);
}

/** `<SUF>{suffix} <MID> {prefix}` */
function suffixFirst(text: string): InfillInput | undefined {
  if (!text.startsWith(suffixMark)) return undefined;
  const parts = splitAt(text.slice(suffixMark.length), `${middleMark} `);
  return parts && { suffix: parts[0], prefix: parts[1], order: "spm" };
}

/** `{prefix} <SUF>{suffix} <MID>` */
function prefixFirst(text: string): InfillInput | undefined {
  if (!text.endsWith(middleMark)) return undefined;
  const parts = splitAt(text.slice(0, -middleMark.length), ` ${suffixMark}`);
  return parts && { prefix: parts[0], suffix: parts[1], order: "psm" };
}

/** What comes before the first occurrence of a mark, and what comes after it. */
function splitAt(text: string, mark: string): readonly [string, string] | undefined {
  const at = text.indexOf(mark);
  return at < 0 ? undefined : [text.slice(0, at), text.slice(at + mark.length)];
}
