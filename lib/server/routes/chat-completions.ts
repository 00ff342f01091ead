import type { Hono } from "hono";
import type { ChatOptions } from "../../options/chat.ts";
import type { Answer, Chunk, GenerationResult } from "../../result.ts";
import { type AnswerEvent, AnswerStream } from "../../tools/answer-stream.ts";
import { contentLogprobs } from "../../tools/content-logprobs.ts";
import type { ParsedCalls } from "../../tools/parse-calls.ts";
import type { ToolPlan } from "../../tools/plan.ts";
import { chatChoice, firstChatChoice } from "../answers/chat-choice.ts";
import { chatFinishReason, pendingUsage, usageOf } from "../answers/completion-answer.ts";
import { laterChatLogprobs } from "../answers/logprobs.ts";
import { type ChatBody, chatCompletionSchema, toolPlan } from "../fields/chat-body.ts";
import { chatMessages } from "../fields/chat-messages.ts";
import { readBody } from "../fields/read-body.ts";
import { fieldResolver } from "../fields/resolve-fields.ts";
import { present, samplingOptions, tokenLimit } from "../fields/sampling.ts";
import { structureOptions, withJsonOptions } from "../fields/structure-fields.ts";
import { HttpError } from "../http/http-error.ts";
import { later } from "../http/json-pieces.ts";
import type { ServerEnvironment } from "../service/environment.ts";
import type { Followed } from "../service/exchange.ts";
import type { Service } from "../service/service.ts";

const route = "/v1/chat/completions";

const resolve = fieldResolver(route, chatCompletionSchema);

export function addChatCompletionRoute(app: Hono<ServerEnvironment>, service: Service): void {
  app.post(route, async (context) => {
    const { exchange } = context.var;
    const { raw } = context.req;
    const body = await readBody(raw, chatCompletionSchema, service.maxBodyBytes, resolve);
    service.checkModel(body.model);
    const { llama } = service;
    const tools = toolPlan(body, llama);
    const messages = tools.toDialog(chatMessages(body.messages));
    exchange.operation = {
      name: "chat",
      maxTokens: tokenLimit(body.max_tokens),
      temperature: body.temperature ?? undefined,
      topP: body.top_p ?? undefined,
    };
    const streamed = body.stream === true;
    const generation = llama.chat(messages, chatOptions(body, tools, service));
    const followed = exchange.follow(generation, streamed);
    const head = {
      id: `chatcmpl-${exchange.id}`,
      created: Math.floor(Date.now() / 1000),
      model: service.modelName,
    };
    if (streamed) {
      return service.stream(exchange, chatEvents(head, body, followed, tools));
    }
    const result = await followed.result;
    const choices = (result.choices ?? [result]).map((answer, index) =>
      later(() => ({
        index,
        ...finished(answer, tools.parseCalls(answer.text)),
        logprobs:
          answer.logprobs === undefined
            ? null
            : laterChatLogprobs(contentLogprobs(answer.logprobs, answer.text)),
      })),
    );
    const usage = usageOf([result]);
    return service.json(exchange, { ...head, object: "chat.completion", choices, usage });
  });
}

function chatOptions(body: ChatBody, tools: ToolPlan, service: Service): ChatOptions {
  const field = (["grammar", "regex"] as const).find((name) => body[name]);
  if (tools.jsonSchema !== undefined && field !== undefined) {
    const message = `${field} cannot be combined with a required tool call`;
    throw new HttpError(400, "INVALID_ARGUMENT", message, { field });
  }
  const { jsonSchema } = tools;
  return {
    ...samplingOptions(body, service),
    ...service.limits,
    ...(jsonSchema === undefined ? structureOptions(body) : withJsonOptions({ jsonSchema }, body)),
    ...present({
      maxTokens: tokenLimit(body.max_tokens),
      n: body.n,
      logprobs: body.logprobs === true ? (body.top_logprobs ?? 0) : undefined,
      tools: tools.templateTools,
    }),
  };
}

/** A whole answer as OpenAI's message with its finish reason. */
function finished(
  { text, finishReason, droppedKeywords }: Answer,
  parsed: ParsedCalls | undefined,
): object {
  const message = { role: "assistant", refusal: null };
  return {
    message:
      parsed === undefined
        ? { ...message, content: text }
        : { ...message, content: null, tool_calls: parsed.calls },
    finish_reason: chatFinishReason(finishReason, parsed?.isComplete === true),
    ...(droppedKeywords && { dropped_keywords: droppedKeywords }),
  };
}

async function* chatEvents(
  head: object,
  body: ChatBody,
  { generation, result }: Followed<GenerationResult>,
  tools: ToolPlan,
): AsyncGenerator<string> {
  const event = (choices: readonly object[], rest: object = {}) =>
    JSON.stringify({
      ...head,
      object: "chat.completion.chunk",
      choices,
      ...pendingUsage(body),
      ...rest,
    });
  const answers = Array.from({ length: body.n ?? 1 }, () => new AnswerStream(tools));
  // The first event follows the first chunk, so that a rejected request still gets its HTTP status.
  let hasBegun = false;
  function* begin() {
    if (!hasBegun) for (const index of answers.keys()) yield event([firstChatChoice(index)]);
    hasBegun = true;
  }
  function* translate(index: number, answerEvents: readonly AnswerEvent[] = [], answer?: Answer) {
    for (const each of answerEvents) {
      const choice = chatChoice(index, each, answer?.droppedKeywords);
      if (choice !== undefined) yield event([choice]);
    }
  }
  for await (const chunk of generation as AsyncIterable<Chunk>) {
    yield* begin();
    yield* translate(chunk.index, answers[chunk.index]?.push(chunk));
  }
  const whole = await result;
  yield* begin();
  for (const [index, answer] of (whole.choices ?? [whole]).entries()) {
    yield* translate(index, answers[index]?.finish(answer), answer);
  }
  if (body.stream_options?.include_usage === true) yield event([], { usage: usageOf([whole]) });
  yield "[DONE]";
}
