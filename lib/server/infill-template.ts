import type { InfillInput } from "../options/infill.ts";

/**
 * The hole of a prompt that spells Code Llama's infill format out, as Continue, Tabby and Ollama's
 * templates do: `<PRE> {prefix} <SUF>{suffix} <MID>`, or suffix first. Taken as mere text it would
 * not do: before a suffix that begins with a quote `<SUF>"` is cut into other tokens.
 */
export function infillOfTemplate(prompt: string): InfillInput | undefined {
  const suffixFirst = /^<PRE> <SUF>([\s\S]*?) <MID>(?: ([\s\S]*))?$/.exec(prompt);
  if (suffixFirst !== null && suffixFirst[2] !== undefined) {
    return { suffix: suffixFirst[1] ?? "", prefix: suffixFirst[2], order: "spm" };
  }
  const prefixFirst = /^<PRE> ([\s\S]*?) <SUF>([\s\S]*) <MID>$/.exec(prompt);
  if (prefixFirst === null) return undefined;
  return { prefix: prefixFirst[1] ?? "", suffix: prefixFirst[2] ?? "", order: "psm" };
}
