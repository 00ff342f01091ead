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

/** A server over the embedded model, by real HTTP. */
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

/** One for the tests of a file. */
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
      if (server === undefined) throw new Error("the server is not there yet");
      return server;
    },
  };
}

/** Waits until something is so, for some seconds at most. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`never: ${what}`);
}

/** An answer's JSON, of whatever shape the test expects. */
export async function jsonOf(response: Response) {
  return JSON.parse(await response.text());
}
