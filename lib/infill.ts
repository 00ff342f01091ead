import { type Capabilities, requireCapability } from "./capabilities.ts";
import type { Engine } from "./engine.ts";
import { Generation, type GenerationResult, type Script } from "./generation.ts";
import { requestOptions } from "./options/generate.ts";
import { type InfillInput, type InfillOptions, infillRules, readHoles } from "./options/infill.ts";
import { type InfillOrder, infillPrompt } from "./prompt/infill.ts";
import { OverlapTrimmer } from "./prompt/overlap.ts";
import { repositoryContext } from "./prompt/repository-context.ts";
import { type Surroundings, truncate } from "./prompt/truncate.ts";
import { addUp } from "./result.ts";

export interface InfillResult extends GenerationResult {
  /** The whole text, its holes filled. */
  readonly fullText: string;
  /** What fills each hole, from left to right; `text` is all of it. */
  readonly fills: readonly string[];
}

const defaultMaxTokens = 512;

/** Fills the holes of a text from left to right, each one seeing the earlier results. */
export function infill(
  engine: Engine,
  capabilities: Capabilities,
  input: string | InfillInput,
  options: InfillOptions,
): Generation<InfillResult> {
  const where = "infill()";
  const texts = readHoles(input, where);
  engine.requireContext(where);
  const call = requestOptions(
    { maxTokens: defaultMaxTokens, ...options },
    infillRules,
    engine.model.vocabularySize,
    where,
  );
  requireCapability(capabilities, "infill", engine.model.name, where);
  const wanted = (typeof input === "string" ? undefined : input.order) ?? options.order ?? "auto";
  const healing = options.tokenHealing ?? true;
  const stop = options.singleLine ? [...(call.stop ?? []), "\n"] : call.stop;

  const fill = async (request: Request, prefix: string, suffix: string) => {
    const order = wanted === "auto" ? chooseOrder(prefix, healing) : wanted;
    const prompt = await encodeFitting(engine, { prefix, suffix }, order, options, call.maxTokens);
    const tokenHealing = order === "spm" && healing && !atLineStart(prefix);
    const filter = options.trim === "overlap" ? new OverlapTrimmer(suffix) : undefined;
    return request({ ...call, stop, prompt, tokenHealing }, filter);
  };

  return new Generation(engine, options.signal, async (request) => {
    const results: GenerationResult[] = [];
    let fullText = texts[0] ?? "";
    for (let hole = 1; hole < texts.length; hole++) {
      const suffix = texts.slice(hole).join("");
      const result = await fill(request, fullText, suffix);
      results.push(result);
      fullText += result.text + (texts[hole] ?? "");
      if (result.finishReason === "abort") {
        fullText += texts.slice(hole + 1).join("");
        break;
      }
    }
    return { ...addUp(results), fullText, fills: results.map((result) => result.text) };
  });
}

/** The prompt's tokens, with the context, and cut where it is too long. */
async function encodeFitting(
  engine: Engine,
  surroundings: Surroundings,
  order: InfillOrder,
  options: InfillOptions,
  maxTokens: number,
): Promise<Int32Array> {
  const { contextSize, model } = engine;
  const count = async (text: string) => (await engine.encodePrompt([{ text }])).length;
  const encode = ({ prefix, suffix }: Surroundings) =>
    engine.encodePrompt(infillPrompt(prefix, suffix, order, model.specialTokens));

  let { prefix, suffix } = surroundings;
  let context = "";
  if (options.context !== undefined && options.context.length > 0) {
    const budget = Math.min(options.contextTokens ?? contextSize >> 2, contextSize >> 1);
    context = await repositoryContext(options.context, budget, count);
  }
  if (options.overflow === "error") return encode({ prefix: context + prefix, suffix });

  const room = contextSize - Math.min(maxTokens, contextSize >> 2);
  // What is longer than this is not worth counting. The prefix is cut in steps, as truncate() does.
  const longest = contextSize * unitsPerToken;
  const step = longest >> 2;
  prefix = prefix.slice(Math.ceil(Math.max(0, prefix.length - longest) / step) * step);
  suffix = suffix.slice(0, longest);
  const tokens = await encode({ prefix: context + prefix, suffix });
  if (tokens.length <= room) return tokens;
  const taken = controlTokens + (context === "" ? 0 : await count(context));
  const budget = Math.max(0, room - taken);
  const kept = await truncate({ prefix, suffix }, budget, count);
  return encode({ prefix: context + kept.prefix, suffix: kept.suffix });
}

// Code has three or four characters a token; only blank space has more.
const unitsPerToken = 6;

// BOS, the three infill tokens, and one for the two parts that are tokenised apart.
const controlTokens = 5;

type Request = Parameters<Script<InfillResult>>[0];

/**
 * Suffix first is better where the prefix ends with a line, and worse inside a word (Code Llama's
 * paper, table 14: single line 83.3 against 74.1, random span 39.0 against 59.7) unless the word's
 * token is healed.
 */
export function chooseOrder(prefix: string, tokenHealing: boolean): InfillOrder {
  return tokenHealing || atLineStart(prefix) ? "spm" : "psm";
}

function atLineStart(prefix: string): boolean {
  return prefix === "" || prefix.endsWith("\n");
}
