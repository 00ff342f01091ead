import type { Generation } from "../generation.ts";
import type { GenerateOptions } from "../options/generate.ts";
import type { GenerationResult } from "../result.ts";
import { type CompletionBody, notOfInfill } from "./completion-body.ts";
import { HttpError } from "./http-error.ts";
import { infillOfTemplate } from "./infill-template.ts";
import type { Prompt } from "./prompts.ts";
import { present, samplingOptions, tokenLimit } from "./sampling.ts";
import type { Service } from "./service.ts";
import { structureOptions } from "./structure-fields.ts";

// OpenAI's default.
const defaultMaxTokens = 16;

type Start = (prompt: Prompt) => Generation<GenerationResult>;

/** Text is infilled where there is a suffix, and continued elsewhere. */
export function completionStarter(body: CompletionBody, service: Service): Start {
  const { suffix } = body;
  const options: GenerateOptions = {
    ...samplingOptions(body, service),
    ...present({
      n: body.n,
      bestOf: body.best_of,
      logprobs: body.logprobs,
      maxTokens: tokenLimit(body.max_tokens, defaultMaxTokens),
      tokenHealing: body.token_healing,
    }),
  };
  return suffix == null ? continuation(body, options, service) : infill(suffix, options, service);
}

function continuation(body: CompletionBody, options: GenerateOptions, service: Service): Start {
  const { llama } = service;
  const special = body.raw ?? service.options.rawPrompts ?? false;
  const completion: GenerateOptions = {
    ...options,
    ...structureOptions(body),
    special,
    ignoreEos: body.ignore_eos ?? false,
    promptLogprobs: body.echo === true && body.logprobs != null,
  };
  const mayInfill = special && llama.capabilities.infill && notOfInfill(body) === undefined;
  return (prompt) => {
    const hole = mayInfill && typeof prompt === "string" ? infillOfTemplate(prompt) : undefined;
    return hole === undefined
      ? llama.generate(prompt, completion)
      : llama.infill(hole, { ...options, tokenHealing: false, overflow: "error" });
  };
}

function infill(suffix: string, options: GenerateOptions, { llama }: Service): Start {
  return (prompt) => {
    if (typeof prompt !== "string") {
      throw new HttpError(400, "INVALID_ARGUMENT", "prompt must be text where there is a suffix", {
        field: "prompt",
      });
    }
    return llama.infill({ prefix: prompt, suffix }, options);
  };
}
