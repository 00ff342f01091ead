import OpenAI from "openai";
import { afterAll, beforeAll } from "vitest";
import type { CodeLlama, LoadOptions } from "../../lib/index.ts";
import {
  createHandler,
  type Handler,
  type HandlerOptions,
  listen,
  type RunningServer,
} from "../../lib/server/index.ts";
import { loadTinyModel } from "./tiny-model.ts";

/** A server with the embedded model, over real HTTP. */
export interface TinyServer {
  readonly llama: CodeLlama;
  readonly handler: Handler;
  readonly running: RunningServer;
  readonly url: string;
  readonly openai: OpenAI;
  post(path: string, body: unknown, init?: RequestInit): Promise<Response>;
}

export async function startTinyServer(
  options: HandlerOptions = {},
  load: LoadOptions = {},
): Promise<TinyServer & AsyncDisposable> {
  const llama = await loadTinyModel(load);
  const handler = createHandler(llama, options);
  const running = await listen(handler, { port: 0 });
  const { url } = running;
  const apiKey = options.apiKeys?.[0]?.key ?? "none";
  return {
    llama,
    handler,
    running,
    url,
    openai: new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 }),
    post: (path, body, init = {}) =>
      fetch(url + path, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${apiKey}` },
        body: JSON.stringify(body),
        ...init,
      }),
    async [Symbol.asyncDispose]() {
      await running.close(0);
      await llama.close();
    },
  };
}

/** Starts a server for the tests of a file. */
export function useTinyServer(options: HandlerOptions = {}, load: LoadOptions = {}) {
  let server: (TinyServer & AsyncDisposable) | undefined;
  beforeAll(async () => {
    server = await startTinyServer(options, load);
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
  });
  return {
    get server(): TinyServer {
      if (server === undefined) throw new Error("the server has not started yet");
      return server;
    },
  };
}

/**
 * Waits until a condition holds, at most five seconds.
 * @param description - the condition, for the error
 */
export async function until(condition: () => boolean, description: string): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`the condition never held: ${description}`);
}

/** The JSON of an answer. It has no type, because each test expects another shape. */
export async function jsonOf(response: Response) {
  return JSON.parse(await response.text());
}
