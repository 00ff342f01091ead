import { isUtf8 } from "node:buffer";
import type { Hono } from "hono";
import { z } from "zod";
import type { CodeLlama } from "../../codellama.ts";
import { knowsTools, planTools } from "../../tool-calls.ts";
import { chatMessages, messageSchema } from "../chat-messages.ts";
import type { ServerEnvironment } from "../handler.ts";
import { readBody } from "../request-body.ts";
import type { Service } from "../service.ts";
import { checkTokens, tokensSchema } from "../token-ids.ts";

/** The body of `POST /tokenize`, as llama-server has it. */
export const tokenizeSchema = z.object({
  content: z.string(),
  add_special: z.boolean().nullish(),
  parse_special: z.boolean().nullish(),
  with_pieces: z.boolean().nullish(),
});

/** The body of `POST /detokenize`. */
export const detokenizeSchema = z.object({ tokens: tokensSchema });

/** The body of `POST /apply-template`. */
export const applyTemplateSchema = z.object({ messages: z.array(messageSchema).min(1) });

/** llama-server's routes from text to tokens and back. */
export function addTokenRoutes(app: Hono<ServerEnvironment>, service: Service): void {
  app.post("/tokenize", async (context) => {
    const body = await readBody(context.req.raw, tokenizeSchema, service.maxBodyBytes);
    const { llama } = service;
    const tokens = await llama.tokenizeLong(body.content, {
      bos: body.add_special ?? false,
      special: body.parse_special ?? false,
    });
    const ids = [...tokens];
    if (body.with_pieces !== true) return context.json({ tokens: ids });
    return context.json({ tokens: ids.map((id) => ({ id, piece: pieceOf(llama, id) })) });
  });

  app.post("/detokenize", async (context) => {
    const { tokens } = await readBody(context.req.raw, detokenizeSchema, service.maxBodyBytes);
    const { llama } = service;
    checkTokens(llama, tokens, (index) => `tokens[${index}]`);
    return context.json({ content: llama.detokenize(tokens) });
  });

  app.post("/apply-template", async (context) => {
    const body = await readBody(context.req.raw, applyTemplateSchema, service.maxBodyBytes);
    const { llama } = service;
    const { dialog } = planTools([], "none", knowsTools(llama));
    const prompt = llama.encodeChat(dialog(chatMessages(body.messages)));
    return context.json({ prompt: llama.detokenize(prompt, { special: true }) });
  });
}

/** A token's text inside a text; its bytes, where they are none by themselves. */
function pieceOf(llama: CodeLlama, id: number): string | readonly number[] {
  const bytes = llama.tokenBytes(id);
  return isUtf8(bytes) ? Buffer.from(bytes).toString() : [...bytes];
}
