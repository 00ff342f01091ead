import type { Hono } from "hono";
import { z } from "zod";
import type { CodeLlama } from "../../codellama.ts";
import type { Chunk, Generation } from "../../generation.ts";
import type { GenerateOptions } from "../../options/generate.ts";
import type { Answer, GenerationResult, TokenLogprob, TokenLogprobs } from "../../result.ts";
import { finishReason, usageOf, usageToCome } from "../completion-answer.ts";
import type { Followed } from "../exchange.ts";
import type { ServerEnvironment } from "../handler.ts";
import { HttpError } from "../http-error.ts";
import { infillOfTemplate } from "../infill-template.ts";
import { completionLogprobs, joinLogprobs, promptLogprobs, TextOffsets } from "../logprobs.ts";
import { merge } from "../merge.ts";
import { type Prompt, promptSchema, promptsOf } from "../prompts.ts";
import { readBody } from "../request-body.ts";
import { generationFields, present, samplingOptions } from "../sampling.ts";
import type { Service } from "../service.ts";

/** The body of `POST /v1/completions`. Unknown fields are let be, as clients send many. */
export const completionSchema = z
  .object({
    ...generationFields,
    prompt: promptSchema(128),
    /** What comes behind the hole: makes it an infill. */
    suffix: z.string().nullish(),
    best_of: z.int().min(1).max(128).nullish(),
    logprobs: z.int().min(0).max(100).nullish(),
    echo: z.boolean().nullish(),
    /** Control tokens spelled out in the prompt count as such. */
    raw: z.boolean().nullish(),
    /** Never ends by itself, as vLLM has it. */
    ignore_eos: z.boolean().nullish(),
    /** Writes the prompt's last token anew. */
    token_healing: z.boolean().nullish(),
    /** Tells the new tokens' ids, in `token_ids`, as vLLM does. */
    return_token_ids: z.boolean().nullish(),
    /** Names tokens in `logprobs` by their ids, as `token_id:42`, as vLLM does. */
    return_tokens_as_token_ids: z.boolean().nullish(),
    grammar: z.string().nullish(),
    json_schema: z.record(z.string(), z.unknown()).nullish(),
  })
  .refine(({ n, best_of }) => (best_of ?? n ?? 1) >= (n ?? 1), {
    path: ["best_of"],
    error: "must be at least n",
  });

type Body = z.output<typeof completionSchema>;

// OpenAI's default.
const defaultMaxTokens = 16;

export function addCompletionRoute(app: Hono<ServerEnvironment>, service: Service): void {
  app.post("/v1/completions", async (context) => {
    const { exchange } = context.var;
    const body = await readBody(context.req.raw, completionSchema, service.maxBodyBytes);
    service.checkModel(body.model);
    const { llama } = service;
    const prompts = promptsOf(body.prompt, "prompt", llama);
    exchange.operation = {
      name: body.suffix == null ? "text_completion" : "infill",
      maxTokens: body.max_tokens ?? undefined,
      temperature: body.temperature ?? undefined,
      topP: body.top_p ?? undefined,
    };
    for (const prompt of prompts) await service.checkLength(prompt, body.suffix ?? "");
    const start = starter(llama, body, service);
    const streamed = body.stream === true;
    const followed = prompts.map((prompt) => exchange.follow(start(prompt), streamed));
    const head = {
      id: `cmpl-${exchange.id}`,
      object: "text_completion",
      created: Math.floor(Date.now() / 1000),
      model: service.modelName,
    };
    const writer = new ChoiceWriter(llama, body, prompts);
    if (streamed) {
      return service.stream(exchange, completionEvents(head, body, followed, writer));
    }
    const results = await Promise.all(followed.map(({ result }) => result));
    const choices = results.flatMap((result, index) => writer.choices(result, index));
    return context.json({ ...head, choices, usage: usageOf(results) });
  });
}

/** Text is infilled where there is a suffix, and continued elsewhere. */
function starter(
  llama: CodeLlama,
  body: Body,
  service: Service,
): (prompt: Prompt) => Generation<GenerationResult> {
  const { suffix } = body;
  const counts = present({ n: body.n, bestOf: body.best_of, logprobs: body.logprobs });
  const options: GenerateOptions = {
    ...samplingOptions(body, service),
    ...counts,
    maxTokens: body.max_tokens ?? defaultMaxTokens,
  };
  if (suffix == null) {
    const special = body.raw ?? service.options.rawPrompts ?? false;
    const completion: GenerateOptions = {
      ...options,
      special,
      ignoreEos: body.ignore_eos ?? false,
      promptLogprobs: body.echo === true && body.logprobs != null,
      ...present({
        tokenHealing: body.token_healing,
        grammar: body.grammar,
        jsonSchema: body.json_schema,
      }),
    };
    return (prompt) => {
      const hole = special && typeof prompt === "string" ? infillOfTemplate(prompt) : undefined;
      return hole !== undefined && llama.capabilities.infill
        ? llama.infill(hole, { ...options, tokenHealing: false, overflow: "error" })
        : llama.generate(prompt, completion);
    };
  }
  for (const name of ["grammar", "json_schema"] as const) {
    if (body[name] == null) continue;
    throw new HttpError(400, "INVALID_ARGUMENT", `${name} and suffix exclude each other`, {
      field: name,
    });
  }
  return (prompt) => {
    if (typeof prompt !== "string") {
      throw new HttpError(400, "INVALID_ARGUMENT", "prompt must be text where there is a suffix", {
        field: "prompt",
      });
    }
    return llama.infill({ prefix: prompt, suffix }, options);
  };
}

/** Puts answers as choices of a completion. */
class ChoiceWriter {
  readonly #llama: CodeLlama;
  readonly #echoes: readonly string[];
  readonly #tellsIds: boolean;
  readonly #nameOf: (token: TokenLogprob) => string;
  /** Of the answers that are given in pieces. */
  readonly #offsets = new Map<number, TextOffsets>();
  readonly n: number;

  constructor(llama: CodeLlama, body: Body, prompts: readonly Prompt[]) {
    this.#llama = llama;
    this.#tellsIds = body.return_token_ids === true;
    this.#nameOf =
      body.return_tokens_as_token_ids === true
        ? ({ token }) => `token_id:${token}`
        : ({ text }) => text;
    this.#echoes = prompts.map((prompt) => (body.echo === true ? this.#textOf(prompt) : ""));
    this.n = body.n ?? 1;
  }

  /** The answers to the prompt of that index. */
  choices(result: GenerationResult, prompt: number): object[] {
    const echo = this.echo(prompt * this.n);
    return (result.choices ?? [result]).map((answer, choice) => ({
      index: prompt * this.n + choice,
      text: echo + answer.text,
      logprobs: this.#answerLogprobs(answer, echo),
      finish_reason: finishReason(answer.finishReason),
      stop_reason: answer.stopString ?? null,
      ...this.#ids(answer.tokens),
    }));
  }

  /** An answer's prompt, as its first piece; undefined where none is asked for. */
  echoPiece(index: number, logprobs?: readonly TokenLogprobs[]): object | undefined {
    const text = this.echo(index);
    if (text === "") return undefined;
    return {
      index,
      text,
      logprobs: logprobs === undefined ? null : promptLogprobs(logprobs, text, this.#nameOf),
      finish_reason: null,
    };
  }

  /** The next piece of an answer. */
  piece(index: number, { text, tokens, logprobs }: Chunk): object {
    return {
      index,
      text,
      logprobs: this.#logprobs(index, logprobs),
      finish_reason: null,
      ...this.#ids(tokens),
    };
  }

  /** The end of an answer that was given in pieces, which had so many of its tokens. */
  end(index: number, answer: Answer, told: number): object {
    return {
      index,
      text: "",
      logprobs: this.#logprobs(index, answer.logprobs?.slice(told)),
      finish_reason: finishReason(answer.finishReason),
      stop_reason: answer.stopString ?? null,
      ...this.#ids(answer.tokens.slice(told)),
    };
  }

  /** The text of an answer's prompt, where that is asked for. */
  echo(index: number): string {
    return this.#echoes[Math.floor(index / this.n)] ?? "";
  }

  /** Of the next tokens of an answer. */
  #logprobs(index: number, logprobs: readonly TokenLogprobs[] = []): object | null {
    if (logprobs.length === 0) return null;
    const offsets = this.#offsets.get(index) ?? new TextOffsets(this.echo(index).length);
    this.#offsets.set(index, offsets);
    return completionLogprobs(logprobs, offsets, this.#nameOf);
  }

  #ids(tokens: Iterable<number>): object {
    return this.#tellsIds ? { token_ids: [...tokens] } : {};
  }

  #answerLogprobs(answer: Answer, echo: string): object | null {
    if (answer.logprobs === undefined) return null;
    const own = completionLogprobs(answer.logprobs, new TextOffsets(echo.length), this.#nameOf);
    if (answer.promptLogprobs === undefined) return own;
    return joinLogprobs(promptLogprobs(answer.promptLogprobs, echo, this.#nameOf), own);
  }

  #textOf(prompt: Prompt): string {
    return typeof prompt === "string" ? prompt : this.#llama.detokenize(prompt);
  }
}

async function* completionEvents(
  head: object,
  body: Body,
  followed: readonly Followed<GenerationResult>[],
  writer: ChoiceWriter,
): AsyncGenerator<string> {
  const event = (choices: readonly object[], rest: object = {}) =>
    JSON.stringify({ ...head, choices, ...usageToCome(body), ...rest });
  const told = new Map<number, number>();
  // Not before there is something to tell: what is refused gets a status of its own.
  function* echo(index: number, logprobs?: readonly TokenLogprobs[]) {
    if (told.has(index)) return;
    told.set(index, 0);
    const piece = writer.echoPiece(index, logprobs);
    if (piece !== undefined) yield event([piece]);
  }
  for await (const { source, value } of merge(followed.map(({ generation }) => generation))) {
    const index = source * writer.n + value.index;
    yield* echo(index, value.promptLogprobs);
    told.set(index, (told.get(index) ?? 0) + value.tokens.length);
    yield event([writer.piece(index, value)]);
  }
  const results = await Promise.all(followed.map(({ result }) => result));
  for (const [prompt, result] of results.entries()) {
    for (const [choice, answer] of (result.choices ?? [result]).entries()) {
      const index = prompt * writer.n + choice;
      yield* echo(index, answer.promptLogprobs);
      yield event([writer.end(index, answer, told.get(index) ?? 0)]);
    }
  }
  if (body.stream_options?.include_usage === true) yield event([], { usage: usageOf(results) });
  yield "[DONE]";
}
