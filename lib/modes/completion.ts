import {
  type EnginePort,
  noPromptLimit,
  type PreparedPrompt,
  type PromptEncoder,
} from "../engine/port.ts";
import { Job } from "../jobs/job.ts";
import { type Capabilities, requireCapability } from "../model/capabilities.ts";
import type { PromptPart } from "../native/binding.ts";
import { checkValue } from "../options/check.ts";
import { type GenerateOptions, generateTable } from "../options/generate.ts";
import { checkCall, requestOptions } from "../options/request.ts";
import { dedentBelow } from "../options/stop.ts";
import { type TextOrTokens, textOrTokens } from "../options/texts.ts";
import { truncate } from "../prompt/truncate.ts";
import type { GenerationResult } from "../result.ts";
import { answers } from "./answers.ts";
import { roomForPrompt } from "./history.ts";

/** Continues a prompt. */
export function complete(
  engine: EnginePort,
  capabilities: Capabilities,
  prompt: TextOrTokens,
  options: GenerateOptions,
): Job<GenerationResult> {
  const where = "generate()";
  const given = checkValue(prompt, textOrTokens, `${where}: prompt`) as TextOrTokens;
  engine.requireContext(where);
  const checked = checkCall(options, generateTable, where);
  const call = requestOptions(checked, generateTable, engine, where);
  if (checked.mode === "python") {
    requireCapability(capabilities, "python", engine.model.name, where);
  }
  const prepared = completionPrompt(engine, given, checked, call.maxTokens, where);
  const dedent = dedentBelow(checked, () => endOf(engine, given, where));
  const script = answers(engine, checked, where, (runRequest) =>
    runRequest({ ...call, dedentBelow: dedent, prompt: prepared }),
  );
  return new Job(engine, checked, script);
}

/** The end of a prompt as text: its last line, unless that has more than 256 tokens. */
function endOf(engine: EnginePort, prompt: TextOrTokens, where: string): string {
  if (typeof prompt === "string") return prompt;
  const vocabulary = engine.vocabulary(`${where}: stopAt: "dedent"`);
  return vocabulary.detokenize(prompt.subarray(-256), false);
}

/** Prepares the prompt of `generate`. Shortens it with `overflow: "truncate"`. */
function completionPrompt(
  engine: EnginePort,
  prompt: TextOrTokens,
  { special = false, overflow, beams }: GenerateOptions,
  maxTokens: number,
  where: string,
): PreparedPrompt {
  const truncates = overflow === "truncate";
  const room = roomForPrompt(engine, maxTokens);
  const start = startOf(engine);
  const parts = (text: string): PromptPart[] => [...start, { text, special }];
  const overflowName = truncates ? `${where}: overflow: "truncate"` : undefined;
  return engine.prepare({
    needsVocabulary: overflowName ?? (beams === undefined ? undefined : "beams"),
    source: () => (typeof prompt === "string" ? { text: prompt, special } : prompt),
    layOut: () => (encoder) => {
      if (typeof prompt !== "string") {
        return truncates ? lastTokens(prompt, room, engine.model.specialTokens.bos) : prompt;
      }
      return truncates ? truncated(prompt, room, parts, encoder) : encoder.encode(parts(prompt));
    },
  });
}

/**
 * Prepares the prompt of a whole text.
 * @param needsVocabulary - the call that needs tokens; undefined: a remote engine may tokenize it
 * @param limit - maximum number of tokens; undefined: the context window
 */
export function textPrompt(
  engine: EnginePort,
  text: string,
  needsVocabulary?: string,
  limit?: number,
): PreparedPrompt {
  return engine.prepare({
    needsVocabulary,
    source: () => ({ text, special: false }),
    layOut: () => (encoder) => encoder.encode([...startOf(engine), { text }], limit),
  });
}

/** The BOS token; empty if the model expects none. */
function startOf({ model: { addsBos, specialTokens } }: EnginePort): readonly number[] {
  return addsBos && specialTokens.bos !== undefined ? [specialTokens.bos] : [];
}

async function truncated(
  prompt: string,
  room: number,
  parts: (text: string) => PromptPart[],
  encoder: PromptEncoder,
): Promise<Int32Array> {
  const encoded = new Map<string, Int32Array>();
  const encode = async (text: string) => {
    const known = encoded.get(text) ?? (await encoder.encode(parts(text), noPromptLimit));
    encoded.set(text, known);
    return known;
  };
  const count = async (text: string) => (await encode(text)).length;
  // Text before this place cannot fit, so it is not tokenized.
  const end = prompt.slice(-room * longestPiece);
  const { prefix } = await truncate({ prefix: end, suffix: "" }, room, count);
  return encode(prefix);
}

// UTF-16 units of a token, at most. Tokens of white space may have a few more.
const longestPiece = 8;

/** Returns the last tokens of a prompt. A BOS token stays in front. */
function lastTokens(tokens: Int32Array, room: number, bos: number | undefined): Int32Array {
  if (tokens.length <= room) return tokens;
  if (tokens[0] !== bos) return tokens.slice(-room);
  const cut = tokens.slice(-room);
  cut.set(tokens.subarray(0, 1));
  return cut;
}
