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

/** Description of a route. */
export interface Operation {
  readonly method: "get" | "post";
  /** Path of the route. Its only parameter is the name of the model. */
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  readonly body?: z.ZodType;
  readonly answer: z.ZodType;
  /** Content type of the answer. Default JSON. */
  readonly type?: string;
  /** Events of a streamed answer, and the data of the last event if it differs. */
  readonly event?: { readonly data: z.ZodType; readonly ends?: string };
  /** Whether the request names a model, which can be a wrong one. */
  readonly namesModel?: boolean;
  /** Whether the route needs no key and answers in every state of the server. */
  readonly isHealth?: boolean;
}

const posts: readonly Operation[] = [
  {
    method: "post",
    path: "/v1/completions",
    id: "createCompletion",
    summary: "Continue a text, or fill a hole if there is a suffix",
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
    summary: "Compute the embeddings of texts",
    body: embeddingSchema,
    answer: embeddingsAnswer,
    namesModel: true,
  },
  {
    method: "post",
    path: "/infill",
    id: "infill",
    summary: "Fill a hole in code, like llama-server",
    body: infillSchema,
    answer: infillAnswer,
    event: { data: infillEvent },
    namesModel: true,
  },
  {
    method: "post",
    path: "/tokenize",
    id: "tokenize",
    summary: "Convert text to tokens",
    body: tokenizeSchema,
    answer: tokensAnswer,
  },
  {
    method: "post",
    path: "/detokenize",
    id: "detokenize",
    summary: "Convert tokens to text",
    body: detokenizeSchema,
    answer: textAnswer,
  },
  {
    method: "post",
    path: "/apply-template",
    id: "applyTemplate",
    summary: "Render the prompt of a chat",
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
    summary: "List the served model",
    answer: modelListAnswer,
  },
  {
    method: "get",
    path: "/v1/models/{model}",
    id: "getModel",
    summary: "Describe the served model",
    answer: modelAnswer,
    namesModel: true,
  },
  {
    method: "get",
    path: "/health",
    id: "getHealth",
    summary: "Report whether the server can answer",
    answer: healthAnswer,
    isHealth: true,
  },
  {
    method: "get",
    path: "/metrics",
    id: "getMetrics",
    summary: "Report metrics in Prometheus' text format",
    answer: z.string(),
    type: "text/plain",
  },
  {
    method: "get",
    path: "/openapi.json",
    id: "getDescription",
    summary: "Return this document",
    answer: z.record(z.string(), z.unknown()),
  },
];

export const operations: readonly Operation[] = [...gets, ...posts];
