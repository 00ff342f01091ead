import type { Hono } from "hono";
import { z } from "zod";
import type { Chunk } from "../../generation.ts";
import type { ChatOptions } from "../../options/chat.ts";
import type { Answer, GenerationResult } from "../../result.ts";
import { knowsTools, planTools, type ReadCalls, type ToolPlan } from "../../tool-calls.ts";
import { chatMessages, messageSchema } from "../chat-messages.ts";
import { ChatStream } from "../chat-stream.ts";
import { chatFinishReason, usageOf, usageToCome } from "../completion-answer.ts";
import type { Followed } from "../exchange.ts";
import type { ServerEnvironment } from "../handler.ts";
import { HttpError } from "../http-error.ts";
import { chatLogprobs } from "../logprobs.ts";
import { readBody } from "../request-body.ts";
import { generationFields, present, samplingOptions } from "../sampling.ts";
import type { Service } from "../service.ts";
import { demandsTool, isAmong, toolChoiceSchema, toolSchema } from "../tool-schemas.ts";

const responseFormat = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text") }),
  z.object({ type: z.literal("json_object"), schema: z.record(z.string(), z.unknown()).nullish() }),
  z.object({
    type: z.literal("json_schema"),
    json_schema: z.object({ schema: z.record(z.string(), z.unknown()).nullish() }),
  }),
]);

/** The body of `POST /v1/chat/completions`. Unknown fields are let be, as clients send many. */
export const chatCompletionSchema = z
  .object({
    ...generationFields,
    messages: z.array(messageSchema).min(1),
    max_completion_tokens: generationFields.max_tokens,
    logprobs: z.boolean().nullish(),
    top_logprobs: z.int().min(0).max(100).nullish(),
    response_format: responseFormat.nullish(),
    tools: z.array(toolSchema).max(128).nullish(),
    tool_choice: toolChoiceSchema.nullish(),
    grammar: z.string().nullish(),
  })
  .refine(({ tools, tool_choice }) => (tools ?? []).length > 0 || !demandsTool(tool_choice), {
    path: ["tool_choice"],
    error: "demands a tool, and there are no tools",
  })
  .refine(({ tools, tool_choice }) => (tools ?? []).length === 0 || isAmong(tool_choice, tools), {
    path: ["tool_choice"],
    error: "names none of the tools",
  })
  .refine(({ logprobs, top_logprobs }) => logprobs === true || !top_logprobs, {
    path: ["top_logprobs"],
    error: "needs logprobs: true",
  });

type Body = z.output<typeof chatCompletionSchema>;

export function addChatCompletionRoute(app: Hono<ServerEnvironment>, service: Service): void {
  app.post("/v1/chat/completions", async (context) => {
    const { exchange } = context.var;
    const body = await readBody(context.req.raw, chatCompletionSchema, service.maxBodyBytes);
    service.checkModel(body.model);
    const { llama } = service;
    const tools = planTools(body.tools ?? [], body.tool_choice ?? "auto", knowsTools(llama));
    const messages = tools.dialog(chatMessages(body.messages));
    await service.checkLength(...messages.map(({ content }) => content));
    exchange.operation = {
      name: "chat",
      maxTokens: body.max_completion_tokens ?? body.max_tokens ?? undefined,
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
    const choices = (result.choices ?? [result]).map((answer, index) => ({
      index,
      ...finished(answer, tools.read(answer.text)),
      logprobs: answer.logprobs === undefined ? null : chatLogprobs(answer.logprobs),
    }));
    return context.json({ ...head, object: "chat.completion", choices, usage: usageOf([result]) });
  });
}

function chatOptions(body: Body, tools: ToolPlan, service: Service): ChatOptions {
  const jsonSchema = tools.jsonSchema ?? formatSchema(body);
  if (jsonSchema !== undefined && body.grammar != null) {
    throw new HttpError(400, "INVALID_ARGUMENT", "grammar excludes response_format and tools", {
      field: "grammar",
    });
  }
  return {
    ...samplingOptions(body, service),
    ...present({
      maxTokens: body.max_completion_tokens ?? body.max_tokens,
      n: body.n,
      logprobs: body.logprobs === true ? (body.top_logprobs ?? 0) : undefined,
      tools: tools.forTemplate,
      jsonSchema,
      grammar: body.grammar,
    }),
  };
}

function formatSchema({ response_format: format }: Body): object | undefined {
  if (format?.type === "json_object") return format.schema ?? { type: "object" };
  if (format?.type === "json_schema") return format.json_schema.schema ?? {};
  return undefined;
}

/** An answer as a message, and why it ended. */
function finished({ text, finishReason }: Answer, read: ReadCalls | undefined): object {
  const message = { role: "assistant", refusal: null };
  return {
    message:
      read === undefined
        ? { ...message, content: text }
        : { ...message, content: null, tool_calls: read.calls },
    finish_reason: chatFinishReason(finishReason, read),
  };
}

async function* chatEvents(
  head: object,
  body: Body,
  { generation, result }: Followed<GenerationResult>,
  tools: ToolPlan,
): AsyncGenerator<string> {
  const event = (choices: readonly object[], rest: object = {}) =>
    JSON.stringify({
      ...head,
      object: "chat.completion.chunk",
      choices,
      ...usageToCome(body),
      ...rest,
    });
  const streams = Array.from({ length: body.n ?? 1 }, (_, index) => new ChatStream(index, tools));
  // Not before there is something to tell: what is refused gets a status of its own.
  let begun = false;
  function* begin() {
    if (!begun) for (const stream of streams) yield event([stream.begin()]);
    begun = true;
  }
  for await (const chunk of generation as AsyncIterable<Chunk>) {
    yield* begin();
    for (const choice of streams[chunk.index]?.push(chunk) ?? []) yield event([choice]);
  }
  const whole = await result;
  yield* begin();
  for (const [index, answer] of (whole.choices ?? [whole]).entries()) {
    for (const choice of streams[index]?.end(answer) ?? []) yield event([choice]);
  }
  if (body.stream_options?.include_usage === true) yield event([], { usage: usageOf([whole]) });
  yield "[DONE]";
}
