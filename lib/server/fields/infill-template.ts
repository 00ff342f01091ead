import type { InfillInput } from "../../options/infill.ts";

/** How a model's infill format is spelled out in a text. */
interface Template {
  readonly prefix: string;
  readonly suffix: string;
  readonly middle: string;
  /** Stands before the prefix where that is last. */
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

/** The mark of Meta's and Hugging Face's tokenizers for a hole. */
const fillMark = "<FILL_ME>";

/**
 * The hole of a prompt that spells an infill format out, as Continue, Tabby and Ollama's templates
 * do, with the prefix first or the suffix first. Taken as mere text it would not do: before a suffix
 * that begins with a quote `<SUF>"` is cut into other tokens.
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

/** Whether a text spells infill marks, in an order that may be none of the formats. */
export function spellsInfill(prompt: string): boolean {
  const spells = ({ prefix, suffix, middle }: Template) =>
    prompt.includes(prefix) && prompt.includes(suffix) && prompt.includes(middle);
  return prompt.includes(fillMark) || [codeLlama, ...templates].some(spells);
}

/** `<fim_prefix><fim_suffix>{suffix}<fim_middle>{prefix}`, or in the order of the parts. */
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

/** `<fim_prefix>{prefix}<fim_suffix>{suffix}<fim_middle>` */
function prefixFirst(text: string, template: Template): InfillInput | undefined {
  const { prefix, suffix, middle, gap } = template;
  const inside = after(text, prefix);
  if (inside?.endsWith(middle) !== true) return undefined;
  const parts = splitAt(inside.slice(0, -middle.length), gap + suffix);
  return parts && { prefix: parts[0], suffix: parts[1], order: "psm" };
}

/** What comes after a text's beginning, where it has it. */
function after(text: string, beginning: string): string | undefined {
  return text.startsWith(beginning) ? text.slice(beginning.length) : undefined;
}

/** What comes before the first occurrence of a mark, and what comes after it. */
function splitAt(text: string, mark: string): readonly [string, string] | undefined {
  const at = text.indexOf(mark);
  return at < 0 ? undefined : [text.slice(0, at), text.slice(at + mark.length)];
}
