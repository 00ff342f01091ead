import { z } from "zod";
import { chatCompletionSchema } from "../fields/chat-body.ts";
import { completionSchema } from "../fields/completion-body.ts";
import { embeddingSchema } from "../fields/embedding-body.ts";
import { infillSchema } from "../fields/infill-body.ts";
import { detokenizeSchema, tokenizeSchema } from "../fields/token-bodies.ts";
import {
  embeddingsAnswer,
  healthAnswer,
  modelAnswer,
  modelListAnswer,
  promptAnswer,
  textAnswer,
  tokensAnswer,
} from "./answers.ts";
import { chatAnswer, chatEvent } from "./answers-chat.ts";
import { completionAnswer, completionEvent } from "./answers-completion.ts";
import { infillAnswer, infillEvent } from "./answers-infill.ts";

/** A route as it is described. */
export interface Operation {
  readonly method: "get" | "post";
  /** Where it ends in a parameter, that is the model's name. */
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  readonly body?: z.ZodType;
  readonly answer: z.ZodType;
  /** Of the answer, other than JSON. */
  readonly type?: string;
  /** What it streams where it is asked to, and what the last event says instead. */
  readonly event?: { readonly data: z.ZodType; readonly ends?: string };
  /** Whether a client may name a model, and so a wrong one. */
  readonly namesModel?: boolean;
  /** Needs no key, and answers in any state. */
  readonly isHealth?: boolean;
}

const posts: readonly Operation[] = [
  {
    method: "post",
    path: "/v1/completions",
    id: "createCompletion",
    summary: "Continue text, or fill it in where there is a suffix",
    body: completionSchema,
    answer: completionAnswer,
    event: { data: completionEvent, ends: "[DONE]" },
    namesModel: true,
  },
  {
    method: "post",
    path: "/v1/chat/completions",
    id: "createChatCompletion",
    summary: "Answer a dialog",
    body: chatCompletionSchema,
    answer: chatAnswer,
    event: { data: chatEvent, ends: "[DONE]" },
    namesModel: true,
  },
  {
    method: "post",
    path: "/v1/embeddings",
    id: "createEmbeddings",
    summary: "Make vectors of texts",
    body: embeddingSchema,
    answer: embeddingsAnswer,
    namesModel: true,
  },
  {
    method: "post",
    path: "/infill",
    id: "infill",
    summary: "Fill in code, as llama-server does",
    body: infillSchema,
    answer: infillAnswer,
    event: { data: infillEvent },
    namesModel: true,
  },
  {
    method: "post",
    path: "/tokenize",
    id: "tokenize",
    summary: "Text to tokens",
    body: tokenizeSchema,
    answer: tokensAnswer,
  },
  {
    method: "post",
    path: "/detokenize",
    id: "detokenize",
    summary: "Tokens to text",
    body: detokenizeSchema,
    answer: textAnswer,
  },
  {
    method: "post",
    path: "/apply-template",
    id: "applyTemplate",
    summary: "The prompt of a chat",
    body: chatCompletionSchema,
    answer: promptAnswer,
    namesModel: true,
  },
];

const gets: readonly Operation[] = [
  {
    method: "get",
    path: "/v1/models",
    id: "listModels",
    summary: "A list of the one model that is served",
    answer: modelListAnswer,
  },
  {
    method: "get",
    path: "/v1/models/{model}",
    id: "getModel",
    summary: "The model that is served",
    answer: modelAnswer,
    namesModel: true,
  },
  {
    method: "get",
    path: "/health",
    id: "getHealth",
    summary: "Whether it is loading, ready or draining",
    answer: healthAnswer,
    isHealth: true,
  },
  {
    method: "get",
    path: "/metrics",
    id: "getMetrics",
    summary: "Metrics in Prometheus' text format",
    answer: z.string(),
    type: "text/plain",
  },
  {
    method: "get",
    path: "/openapi.json",
    id: "getDescription",
    summary: "This description",
    answer: z.record(z.string(), z.unknown()),
  },
];

export const operations: readonly Operation[] = [...gets, ...posts];
