import type { InfillInput } from "../../options/infill.ts";

/** Marks of a model's infill format, as text. */
interface Template {
  readonly prefix: string;
  readonly suffix: string;
  readonly middle: string;
  /** Text before the prefix when the prefix comes last. */
  readonly gap: string;
}

// The spaces belong to Code Llama's marks: `<PRE> {prefix} <SUF>{suffix} <MID>`.
const codeLlama: Template = { prefix: "<PRE> ", suffix: "<SUF>", middle: " <MID>", gap: " " };

const templates: readonly Template[] = [
  // StarCoder, Granite, StableCode
  { prefix: "<fim_prefix>", suffix: "<fim_suffix>", middle: "<fim_middle>", gap: "" },
  // Qwen-Coder, CodeGemma
  { prefix: "<|fim_prefix|>", suffix: "<|fim_suffix|>", middle: "<|fim_middle|>", gap: "" },
  // DeepSeek-Coder
  { prefix: "<｜fim▁begin｜>", suffix: "<｜fim▁hole｜>", middle: "<｜fim▁end｜>", gap: "" },
];

/** Mark of a hole in Meta's and Hugging Face's tokenizers. */
const fillMark = "<FILL_ME>";

/**
 * The hole of a prompt that spells out an infill format, prefix first or suffix first, as Continue,
 * Tabby and Ollama's templates do. Tokenizing such a prompt as plain text would be wrong: `<SUF>"`
 * before a suffix that begins with a quote gives other tokens.
 */
export function infillOfTemplate(prompt: string): InfillInput | undefined {
  for (const template of [codeLlama, ...templates]) {
    const hole = suffixFirst(prompt, template) ?? prefixFirst(prompt, template);
    if (hole !== undefined) return hole;
  }
  return undefined;
}

/** The hole of a text that has one `<FILL_ME>`. */
export function infillOfMark(prompt: string): InfillInput | undefined {
  const parts = splitAt(prompt, fillMark);
  if (parts === undefined || parts[1].includes(fillMark)) return undefined;
  return { prefix: parts[0], suffix: parts[1] };
}

/** Whether a text spells all marks of an infill format, in any order. */
export function spellsInfill(prompt: string): boolean {
  const spells = ({ prefix, suffix, middle }: Template) =>
    prompt.includes(prefix) && prompt.includes(suffix) && prompt.includes(middle);
  return prompt.includes(fillMark) || [codeLlama, ...templates].some(spells);
}

/** Reads `<fim_prefix><fim_suffix>{suffix}<fim_middle>{prefix}`, or suffix, prefix, middle. */
function suffixFirst(text: string, template: Template): InfillInput | undefined {
  const { prefix, suffix, middle, gap } = template;
  const inside = after(text, prefix + suffix);
  const parts = inside === undefined ? undefined : splitAt(inside, middle + gap);
  if (parts !== undefined) return { suffix: parts[0], prefix: parts[1], order: "spm" };
  const ordered = after(text, suffix);
  if (ordered?.endsWith(middle) !== true) return undefined;
  const own = splitAt(ordered.slice(0, -middle.length), prefix);
  return own && { suffix: own[0], prefix: own[1], order: "spm" };
}

/** Reads `<fim_prefix>{prefix}<fim_suffix>{suffix}<fim_middle>`. */
function prefixFirst(text: string, template: Template): InfillInput | undefined {
  const { prefix, suffix, middle, gap } = template;
  const inside = after(text, prefix);
  if (inside?.endsWith(middle) !== true) return undefined;
  const parts = splitAt(inside.slice(0, -middle.length), gap + suffix);
  return parts && { prefix: parts[0], suffix: parts[1], order: "psm" };
}

/** The text after a beginning. Undefined if the text begins differently. */
function after(text: string, beginning: string): string | undefined {
  return text.startsWith(beginning) ? text.slice(beginning.length) : undefined;
}

/** The text before and after the first occurrence of a mark. Undefined without the mark. */
function splitAt(text: string, mark: string): readonly [string, string] | undefined {
  const at = text.indexOf(mark);
  return at < 0 ? undefined : [text.slice(0, at), text.slice(at + mark.length)];
}
