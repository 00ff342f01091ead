import type { Hono } from "hono";
import type { CodeLlama } from "../../codellama.ts";
import type { Answer, Chunk, GenerationResult, TokenLogprob, TokenLogprobs } from "../../result.ts";
import { finishReason, pendingUsage, usageOf } from "../answers/completion-answer.ts";
import {
  completionLogprobs,
  joinLogprobs,
  promptLogprobs,
  TextOffsets,
} from "../answers/logprobs.ts";
import { merge } from "../answers/merge.ts";
import { type CompletionBody, completionSchema } from "../fields/completion-body.ts";
import { type Prompt, promptsOf } from "../fields/prompts.ts";
import { readBody } from "../fields/read-body.ts";
import { fieldResolver } from "../fields/resolve-fields.ts";
import { tokenLimit } from "../fields/sampling.ts";
import { type Later, later } from "../http/json-pieces.ts";
import type { ServerEnvironment } from "../service/environment.ts";
import type { Followed } from "../service/exchange.ts";
import type { Service } from "../service/service.ts";
import { completionStarter } from "./completion-start.ts";

const route = "/v1/completions";

const resolve = fieldResolver(route, completionSchema);

export function addCompletionRoute(app: Hono<ServerEnvironment>, service: Service): void {
  app.post(route, async (context) => {
    const { exchange } = context.var;
    const { raw } = context.req;
    const body = await readBody(raw, completionSchema, service.maxBodyBytes, resolve);
    service.checkModel(body.model);
    const { llama } = service;
    const prompts = promptsOf(body.prompt, "prompt", llama);
    exchange.operation = {
      name: body.suffix == null ? "text_completion" : "infill",
      maxTokens: tokenLimit(body.max_tokens),
      temperature: body.temperature ?? undefined,
      topP: body.top_p ?? undefined,
    };
    const start = completionStarter(body, service, exchange);
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
    return service.json(exchange, { ...head, choices, usage: usageOf(results) });
  });
}

/** Writes answers as choices of a completion. */
class ChoiceWriter {
  readonly #llama: CodeLlama;
  readonly #echoes: readonly string[];
  readonly #returnsTokenIds: boolean;
  readonly #nameOf: (token: TokenLogprob) => string;
  /** Text offsets of the streamed answers, by choice index. */
  readonly #offsets = new Map<number, TextOffsets>();
  readonly n: number;

  constructor(llama: CodeLlama, body: CompletionBody, prompts: readonly Prompt[]) {
    this.#llama = llama;
    this.#returnsTokenIds = body.return_token_ids === true;
    this.#nameOf =
      body.return_tokens_as_token_ids === true
        ? ({ token }) => `token_id:${token}`
        : ({ text }) => text;
    this.#echoes = prompts.map((prompt) => (body.echo === true ? this.#textOf(prompt) : ""));
    this.n = body.n ?? 1;
  }

  /** All choices for the prompt at an index. */
  choices(result: GenerationResult, prompt: number): Later[] {
    const echo = this.echo(prompt * this.n);
    return (result.choices ?? [result]).map((answer, choice) =>
      later(() => ({
        index: prompt * this.n + choice,
        text: echo + answer.text,
        logprobs: this.#answerLogprobs(answer, echo),
        finish_reason: finishReason(answer.finishReason),
        stop_reason: answer.stopString ?? null,
        ...dropped(answer),
        ...this.#tokenIds(answer.tokens),
      })),
    );
  }

  /** The echoed prompt as the first piece of a streamed answer. Undefined without echo. */
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

  /** The next piece of a streamed answer. */
  piece(index: number, { text, tokens, logprobs }: Chunk): object {
    return {
      index,
      text,
      logprobs: this.#logprobs(index, logprobs),
      finish_reason: null,
      ...this.#tokenIds(tokens),
    };
  }

  /** The last piece of a streamed answer. Earlier pieces had `sentTokens` of its tokens. */
  end(index: number, answer: Answer, sentTokens: number): object {
    return {
      index,
      text: "",
      logprobs: this.#logprobs(index, answer.logprobs?.slice(sentTokens)),
      finish_reason: finishReason(answer.finishReason),
      stop_reason: answer.stopString ?? null,
      ...dropped(answer),
      ...this.#tokenIds(answer.tokens.slice(sentTokens)),
    };
  }

  /** The echoed prompt of an answer. Empty without echo. */
  echo(index: number): string {
    return this.#echoes[Math.floor(index / this.n)] ?? "";
  }

  /** Logprobs of the next tokens of a streamed answer. */
  #logprobs(index: number, logprobs: readonly TokenLogprobs[] = []): object | null {
    if (logprobs.length === 0) return null;
    const offsets = this.#offsets.get(index) ?? new TextOffsets(this.echo(index).length);
    this.#offsets.set(index, offsets);
    return completionLogprobs(logprobs, offsets, this.#nameOf);
  }

  #tokenIds(tokens: Iterable<number>): object {
    return this.#returnsTokenIds ? { token_ids: [...tokens] } : {};
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

function dropped({ droppedKeywords }: Answer): object {
  return droppedKeywords === undefined ? {} : { dropped_keywords: droppedKeywords };
}

async function* completionEvents(
  head: object,
  body: CompletionBody,
  followed: readonly Followed<GenerationResult>[],
  writer: ChoiceWriter,
): AsyncGenerator<string> {
  const event = (choices: readonly object[], rest: object = {}) =>
    JSON.stringify({ ...head, choices, ...pendingUsage(body), ...rest });
  /** Number of tokens sent, by choice index. */
  const sent = new Map<number, number>();
  // The first event follows the first chunk, so that a rejected request still gets its HTTP status.
  function* echo(index: number, logprobs?: readonly TokenLogprobs[]) {
    if (sent.has(index)) return;
    sent.set(index, 0);
    const piece = writer.echoPiece(index, logprobs);
    if (piece !== undefined) yield event([piece]);
  }
  for await (const { source, value } of merge(followed.map(({ generation }) => generation))) {
    const index = source * writer.n + value.index;
    yield* echo(index, value.promptLogprobs);
    sent.set(index, (sent.get(index) ?? 0) + value.tokens.length);
    yield event([writer.piece(index, value)]);
  }
  const results = await Promise.all(followed.map(({ result }) => result));
  for (const [prompt, result] of results.entries()) {
    for (const [choice, answer] of (result.choices ?? [result]).entries()) {
      const index = prompt * writer.n + choice;
      yield* echo(index, answer.promptLogprobs);
      yield event([writer.end(index, answer, sent.get(index) ?? 0)]);
    }
  }
  if (body.stream_options?.include_usage === true) yield event([], { usage: usageOf(results) });
  yield "[DONE]";
}
