import { isUtf8 } from "node:buffer";
import type { Hono } from "hono";
import type { CodeLlama } from "../../codellama.ts";
import { chatCompletionSchema, toolPlan } from "../fields/chat-body.ts";
import { chatMessages } from "../fields/chat-messages.ts";
import { readBody } from "../fields/read-body.ts";
import { fieldResolver } from "../fields/resolve-fields.ts";
import { present } from "../fields/sampling.ts";
import { detokenizeSchema, tokenizeSchema } from "../fields/token-bodies.ts";
import { checkTokens } from "../fields/token-ids.ts";
import { JsonText } from "../http/json-pieces.ts";
import type { ServerEnvironment } from "../service/environment.ts";
import type { Service } from "../service/service.ts";

const resolveTokenize = fieldResolver("/tokenize", tokenizeSchema);
const resolveDetokenize = fieldResolver("/detokenize", detokenizeSchema);
const resolveChat = fieldResolver("/apply-template", chatCompletionSchema);

/** Adds llama-server's routes that convert text to tokens and back. */
export function addTokenRoutes(app: Hono<ServerEnvironment>, service: Service): void {
  const { maxBodyBytes } = service;

  app.post("/tokenize", async (context) => {
    const body = await readBody(context.req.raw, tokenizeSchema, maxBodyBytes, resolveTokenize);
    const { llama } = service;
    const tokens = await service.tokenize(context.var.exchange, body.content, {
      bos: body.add_special ?? false,
      special: body.parse_special ?? false,
    });
    const pieces = body.with_pieces === true ? piecesOf(tokens, llama) : tokens;
    return service.json(context.var.exchange, { tokens: pieces });
  });

  app.post("/detokenize", async (context) => {
    const { raw } = context.req;
    const { tokens } = await readBody(raw, detokenizeSchema, maxBodyBytes, resolveDetokenize);
    const { llama } = service;
    checkTokens(llama, tokens, (index) => `tokens[${index}]`);
    return service.json(context.var.exchange, { content: llama.detokenize(tokens) });
  });

  app.post("/apply-template", async (context) => {
    const body = await readBody(context.req.raw, chatCompletionSchema, maxBodyBytes, resolveChat);
    service.checkModel(body.model);
    const { llama } = service;
    const tools = toolPlan(body, llama);
    const messages = tools.toDialog(chatMessages(body.messages));
    const prompt = await llama.renderChat(messages, present({ tools: tools.templateTools }));
    return service.json(context.var.exchange, { prompt });
  });
}

/** Tokens with their texts, created one by one: a text of 8 MB has millions of tokens. */
function* piecesOf(tokens: Int32Array, llama: CodeLlama): Generator<JsonText> {
  const known = new Map<number, JsonText>();
  for (const id of tokens) {
    const text = known.get(id) ?? new JsonText(JSON.stringify({ id, piece: pieceOf(llama, id) }));
    known.set(id, text);
    yield text;
  }
}

/** The text of a token, or its bytes if they are not UTF-8 on their own. */
function pieceOf(llama: CodeLlama, id: number): string | readonly number[] {
  const bytes = llama.tokenBytes(id);
  return isUtf8(bytes) ? Buffer.from(bytes).toString() : [...bytes];
}
