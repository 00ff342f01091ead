import type { CodeLlama } from "../../codellama.ts";
import type { Generation } from "../../generation.ts";
import type { GenerateOptions } from "../../options/generate.ts";
import type { InfillInput } from "../../options/infill.ts";
import type { GenerationResult } from "../../result.ts";
import { type CompletionBody, notOfInfill } from "../fields/completion-body.ts";
import { infillOfMark, infillOfTemplate, spellsInfill } from "../fields/infill-template.ts";
import type { Prompt } from "../fields/prompts.ts";
import { present, samplingOptions, tokenLimit } from "../fields/sampling.ts";
import { structureOptions } from "../fields/structure-fields.ts";
import { HttpError } from "../http/http-error.ts";
import type { Exchange, Warning } from "../service/exchange.ts";
import type { Service } from "../service/service.ts";

// OpenAI's default.
const defaultMaxTokens = 16;

type Start = (prompt: Prompt) => Generation<GenerationResult>;

/** Text is infilled where there is a suffix, and continued elsewhere. */
export function completionStarter(
  body: CompletionBody,
  service: Service,
  exchange: Exchange,
): Start {
  const { suffix } = body;
  const options: GenerateOptions = {
    ...samplingOptions(body, service),
    ...service.limits,
    ...present({
      n: body.n,
      bestOf: body.best_of,
      logprobs: body.logprobs,
      maxTokens: tokenLimit(body.max_tokens, defaultMaxTokens),
      tokenHealing: body.token_healing,
    }),
  };
  return suffix == null
    ? continuation(body, options, service, exchange)
    : infill(suffix, body, options, service, exchange);
}

function continuation(
  body: CompletionBody,
  options: GenerateOptions,
  service: Service,
  exchange: Exchange,
): Start {
  const { llama } = service;
  const special = body.raw ?? service.options.rawPrompts ?? false;
  const completion: GenerateOptions = {
    ...options,
    ...structureOptions(body),
    special,
    ignoreEos: body.ignore_eos ?? false,
    promptLogprobs: body.echo === true && body.logprobs != null,
  };
  const mayInfill = llama.capabilities.infill && notOfInfill(body) === undefined;
  return (prompt) => {
    // With raw: false a client says that its marks are text.
    if (typeof prompt !== "string" || body.raw === false) return llama.generate(prompt, completion);
    const hole = infillOfTemplate(prompt) ?? (special ? undefined : infillOfMark(prompt));
    if (hole !== undefined && mayInfill) return fillExactly(hole, options, llama);
    if (!special && spellsInfill(prompt)) service.warn(exchange, marksAsText);
    return llama.generate(prompt, completion);
  };
}

const marksAsText: Warning = {
  code: "infill-marks-as-text",
  message:
    "a prompt spells infill marks, and they are taken as text; raw: false in a request says so",
};

/** Fills a hole in the tokens that its template spells out. */
function fillExactly(
  hole: InfillInput,
  options: GenerateOptions,
  llama: CodeLlama,
): Generation<GenerationResult> {
  // A remote engine without a tokenizer lays the hole out in its own way.
  const isRemote = llama.model.vocabularySize === 0;
  const { prefix, suffix } = hole;
  return isRemote
    ? llama.infill({ prefix, suffix }, options)
    : llama.infill(hole, { ...options, tokenHealing: false, overflow: "error" });
}

function infill(
  suffix: string,
  { raw }: CompletionBody,
  options: GenerateOptions,
  service: Service,
  exchange: Exchange,
): Start {
  const { llama } = service;
  return (prompt) => {
    if (typeof prompt !== "string") {
      throw new HttpError(400, "INVALID_ARGUMENT", "prompt must be text where there is a suffix", {
        field: "prompt",
      });
    }
    // Clients with a template of their own send an empty suffix beside it.
    const hole = suffix === "" && raw !== false ? infillOfTemplate(prompt) : undefined;
    if (hole !== undefined) return fillExactly(hole, options, llama);
    if (raw !== false && spellsInfill(prompt)) service.warn(exchange, marksAsText);
    return llama.infill({ prefix: prompt, suffix }, options);
  };
}
