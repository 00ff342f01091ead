import type { Hono } from "hono";
import { z } from "zod";
import type { ServerEnvironment } from "../handler.ts";
import { chatCompletionSchema } from "./chat-completions.ts";
import { completionSchema } from "./completions.ts";
import { embeddingSchema } from "./embeddings.ts";
import { infillSchema } from "./infill.ts";
import { applyTemplateSchema, detokenizeSchema, tokenizeSchema } from "./tokens.ts";

interface Described {
  /** Where it ends in a parameter, this one is the model's name. */
  readonly path: string;
  readonly summary: string;
  readonly body?: z.ZodType;
  /** Other than JSON. */
  readonly type?: string;
  readonly streams?: boolean;
}

const posts: readonly Described[] = [
  {
    path: "/v1/completions",
    summary: "Continue text, or fill it in where there is a suffix",
    body: completionSchema,
    streams: true,
  },
  {
    path: "/v1/chat/completions",
    summary: "Answer a dialog",
    body: chatCompletionSchema,
    streams: true,
  },
  { path: "/v1/embeddings", summary: "Make vectors of texts", body: embeddingSchema },
  {
    path: "/infill",
    summary: "Fill in code, as llama-server does",
    body: infillSchema,
    streams: true,
  },
  { path: "/tokenize", summary: "Text to tokens", body: tokenizeSchema },
  { path: "/detokenize", summary: "Tokens to text", body: detokenizeSchema },
  { path: "/apply-template", summary: "A dialog as the model's prompt", body: applyTemplateSchema },
];

const gets: readonly Described[] = [
  { path: "/v1/models", summary: "A list of the one model that is served" },
  { path: "/v1/models/{model}", summary: "The model that is served" },
  { path: "/health", summary: "Whether it is loading, ready or draining" },
  { path: "/metrics", summary: "Metrics in Prometheus' text format", type: "text/plain" },
  { path: "/openapi.json", summary: "This description" },
];

const error = {
  type: "object",
  properties: {
    error: {
      type: "object",
      properties: {
        message: { type: "string" },
        type: { type: "string" },
        param: { type: ["string", "null"] },
        code: { type: "string" },
      },
    },
  },
};

/** A description of all routes, made of the schemas that check them. */
export function addOpenApiRoute(app: Hono<ServerEnvironment>): void {
  const document = {
    openapi: "3.1.0",
    info: { title: "node-codellama", version: "1" },
    components: {
      securitySchemes: { key: { type: "http", scheme: "bearer" } },
      schemas: { Error: error },
    },
    security: [{ key: [] }, {}],
    paths: Object.fromEntries([
      ...gets.map((each) => [each.path, { get: describe(each) }]),
      ...posts.map((each) => [each.path, { post: describe(each) }]),
    ]),
  };
  app.get("/openapi.json", (context) => context.json(document));
}

function describe({ path, summary, body, type = "application/json", streams }: Described): object {
  const model = { name: "model", in: "path", required: true, schema: { type: "string" } };
  return {
    summary,
    ...(path.endsWith("{model}") && { parameters: [model] }),
    ...(body && {
      requestBody: {
        required: true,
        content: { "application/json": { schema: z.toJSONSchema(body, { io: "input" }) } },
      },
    }),
    responses: {
      200: {
        description: "The answer",
        content: { [type]: {}, ...(streams === true && { "text/event-stream": {} }) },
      },
      default: {
        description: "What is wrong",
        content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
      },
    },
  };
}
