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

// OpenAI's default for max_tokens.
const defaultMaxTokens = 16;

type Start = (prompt: Prompt) => Generation<GenerationResult>;

/** Returns the function that starts a generation: an infill if the body has a suffix, else a completion. */
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
    // With raw: false the client asks for infill marks to be plain text.
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
    "a prompt contains infill marks, and the model gets them as plain text; set raw: false in the " +
    "request to confirm",
};

/** Fills a hole with exactly the tokens that the client's template spells out. */
function fillExactly(
  hole: InfillInput,
  options: GenerateOptions,
  llama: CodeLlama,
): Generation<GenerationResult> {
  // A remote engine without a tokenizer builds the infill prompt itself.
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
      throw new HttpError(
        400,
        "INVALID_ARGUMENT",
        "prompt must be a string when there is a suffix",
        {
          field: "prompt",
        },
      );
    }
    // Some clients send their own infill template as the prompt, with an empty suffix.
    const hole = suffix === "" && raw !== false ? infillOfTemplate(prompt) : undefined;
    if (hole !== undefined) return fillExactly(hole, options, llama);
    if (raw !== false && spellsInfill(prompt)) service.warn(exchange, marksAsText);
    return llama.infill({ prefix: prompt, suffix }, options);
  };
}
