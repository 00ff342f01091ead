import {
  type EnginePort,
  noPromptLimit,
  type PreparedPrompt,
  type PromptEncoder,
} from "../engine/port.ts";
import { Job, type RunRequest } from "../jobs/job.ts";
import { type Capabilities, requireCapability } from "../model/capabilities.ts";
import type { NativeModel, PromptPart } from "../native/binding.ts";
import {
  type ContextFile,
  type InfillInput,
  type InfillOptions,
  infillTable,
  readHoles,
} from "../options/infill.ts";
import { checkCall, type RequestOptions, requestOptions } from "../options/request.ts";
import { dedentBelow } from "../options/stop.ts";
import { fillInMiddlePrompt, hasFileTokens } from "../prompt/fill-in-middle.ts";
import { type InfillOrder, infillPrompt } from "../prompt/infill.ts";
import { OverlapTrimmer } from "../prompt/overlap.ts";
import { fittingFiles, underComments } from "../prompt/repository-context.ts";
import { countOnce, type Surroundings, truncate } from "../prompt/truncate.ts";
import { type Answer, addUp, type GenerationResult } from "../result.ts";
import { choiceCounts } from "./answers.ts";
import { choices } from "./choices.ts";
import { roomForPrompt } from "./history.ts";

export interface InfillResult extends GenerationResult {
  /** The whole text with its holes filled. */
  readonly fullText: string;
  /** The text of each hole, from left to right. `text` is all of them joined. */
  readonly fills: readonly string[];
  readonly choices?: readonly InfillResult[];
}

/** Fills the holes of a text from left to right. Each hole sees the earlier results. */
export function infill(
  engine: EnginePort,
  capabilities: Capabilities,
  input: string | InfillInput,
  given: InfillOptions,
): Job<InfillResult> {
  const where = "infill()";
  const holes = readHoles(input, where);
  engine.requireContext(where);
  const options = checkCall(given, infillTable, where);
  const call = requestOptions(options, infillTable, engine, where);
  const wanted = holes.order ?? options.order ?? "auto";
  const filler = new HoleFiller(engine, capabilities, options, call, wanted);
  // Wrong options are reported at once. The first hole is the same for all answers.
  const [first = "", ...rest] = holes.texts;
  const prepared = filler.prepare({ prefix: first, suffix: rest.join("") }, where);
  requireCapability(capabilities, "infill", engine.model.name, where);

  const fillAll = async (runRequest: RunRequest): Promise<Omit<InfillResult, "choices">> => {
    const results: Answer[] = [];
    let fullText = first;
    for (const [index, text] of rest.entries()) {
      const hole = { prefix: fullText, suffix: rest.slice(index).join("") };
      const prompt = index === 0 ? prepared : filler.prepare(hole, where);
      const result = await filler.fill(runRequest, hole, prompt);
      results.push(result);
      fullText += result.text + text;
      if (result.finishReason === "abort") {
        fullText += rest.slice(index + 1).join("");
        break;
      }
    }
    return { ...addUp(results), fullText, fills: results.map((result) => result.text) };
  };
  return new Job(engine, options, choices(engine, choiceCounts(options, where), fillAll));
}

/** Fills single holes with the options of one call. */
class HoleFiller {
  readonly #engine: EnginePort;
  readonly #capabilities: Capabilities;
  readonly #options: InfillOptions;
  readonly #call: RequestOptions;
  readonly #wantedOrder: InfillOrder | "auto";
  readonly #heals: boolean;

  constructor(
    engine: EnginePort,
    capabilities: Capabilities,
    options: InfillOptions,
    call: RequestOptions,
    wantedOrder: InfillOrder | "auto",
  ) {
    this.#engine = engine;
    this.#capabilities = capabilities;
    this.#options = options;
    this.#call = call;
    this.#wantedOrder = wantedOrder;
    this.#heals = options.tokenHealing ?? engine.healsTokens;
  }

  /** @throws CodeLlamaError `CAPABILITY_MISSING` */
  prepare(hole: Surroundings, where: string): PreparedPrompt {
    return this.#engine.prepare({
      needsVocabulary: this.#needsVocabulary(where),
      source: () => hole,
      layOut: () => (encoder) => this.#encode(hole, encoder),
    });
  }

  fill(
    runRequest: RunRequest,
    { prefix, suffix }: Surroundings,
    prompt: PreparedPrompt,
  ): Promise<Answer> {
    const { trim, singleLine } = this.#options;
    const newFilter = trim === "overlap" ? () => new OverlapTrimmer(suffix) : undefined;
    const stop = singleLine ? [...(this.#call.stop ?? []), "\n"] : this.#call.stop;
    const tokenHealing = this.#orderFor(prefix) === "spm" && this.#heals && !atLineStart(prefix);
    const dedent = dedentBelow(this.#options, () => prefix);
    return runRequest(
      { ...this.#call, stop, dedentBelow: dedent, prompt, tokenHealing },
      newFilter,
    );
  }

  #orderFor(prefix: string): InfillOrder {
    if (this.#wantedOrder !== "auto") return this.#wantedOrder;
    return chooseOrder(prefix, this.#isCodeLlama, this.#heals);
  }

  get #isCodeLlama(): boolean {
    return this.#capabilities.codeLlama !== undefined;
  }

  /** Returns the option or the call that requires a vocabulary; undefined if none does. */
  #needsVocabulary(where: string): string | undefined {
    if (!this.#capabilities.infill) return where;
    const names = ["tokenHealing", "overflow", "context", "contextTokens", "path"] as const;
    const set = names.find((name) => this.#options[name] !== undefined);
    if (set !== undefined) return `${where}: ${set}`;
    return this.#wantedOrder === "auto" ? undefined : `${where}: order`;
  }

  /** Encodes the prompt of a hole with its context files. Shortens it if it is too long. */
  async #encode({ prefix, suffix }: Surroundings, encoder: PromptEncoder): Promise<Int32Array> {
    const { contextSize, model } = this.#engine;
    const { context = [], contextTokens, overflow, path } = this.#options;
    // Counting the tokens of a text that exceeds the context window is not an error: it is shortened.
    const count = countOnce(
      async (text) => (await encoder.encode([{ text }], noPromptLimit)).length,
    );
    const forFiles = Math.min(contextTokens ?? contextSize >> 2, contextSize >> 1);
    const files = await fittingFiles(context, forFiles, count);
    const order = this.#orderFor(prefix);
    const encode = (texts: Surroundings) =>
      encoder.encode(layOut(model, this.#isCodeLlama, texts, order, files, path));
    if (overflow === "error") return encode({ prefix, suffix });

    const room = roomForPrompt(this.#engine, this.#call.maxTokens);
    // A longer text need not be counted. The prefix is cut in steps, like in truncate().
    const longest = contextSize * unitsPerToken;
    const step = longest >> 2;
    const near = {
      prefix: prefix.slice(Math.ceil(Math.max(0, prefix.length - longest) / step) * step),
      suffix: suffix.slice(0, longest),
    };
    const tokens = await encode(near);
    if (tokens.length <= room) return tokens;
    // Tokens of the files' texts, and an upper bound for the tokens of their names.
    const taken = (await count(underComments(files))) + controlTokens * (files.length + 1);
    return encode(await truncate(near, Math.max(0, room - taken), count));
  }
}

/** Lays the prompt out as the model was trained. */
export function layOut(
  model: NativeModel,
  isCodeLlama: boolean,
  { prefix, suffix }: Surroundings,
  order: InfillOrder,
  files: readonly ContextFile[] = [],
  path?: string,
): PromptPart[] {
  const { specialTokens, addsBos } = model;
  const named = !isCodeLlama && hasFileTokens(specialTokens);
  const before = named ? prefix : underComments(files) + prefix;
  if (isCodeLlama) return infillPrompt(before, suffix, order, specialTokens);
  const hole = { prefix: before, suffix, path };
  return fillInMiddlePrompt(hole, order, named ? files : [], specialTokens, addsBos);
}

// UTF-16 units of a token, at most. Code has three or four, and only white space has more.
const unitsPerToken = 6;

// BOS, the three infill tokens, and one token because the two texts are encoded separately.
const controlTokens = 5;

/**
 * Chooses the order. Suffix first is better if the prefix ends with a line break, and worse if it
 * ends inside a word (Code Llama's paper, table 14: 83.3 % and 74.1 % for single lines, 39.0 % and
 * 59.7 % for random spans), unless token healing rewrites the word.
 */
export function chooseOrder(
  prefix: string,
  isCodeLlama: boolean,
  tokenHealing: boolean,
): InfillOrder {
  // Few other models were trained with the suffix first.
  if (!isCodeLlama) return "psm";
  return tokenHealing || atLineStart(prefix) ? "spm" : "psm";
}

function atLineStart(prefix: string): boolean {
  return prefix === "" || prefix.endsWith("\n");
}
