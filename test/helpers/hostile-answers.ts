// Remote servers that send wrong values, endless answers or too much data.
import type { ServerResponse } from "node:http";
import {
  CodeLlama,
  CodeLlamaError,
  type ConnectOptions,
  type GenerateOptions,
} from "../../lib/index.ts";
import { startForeignServer, withModels } from "./foreign-server.ts";
import { until } from "./server.ts";

export type Answer = (response: ServerResponse) => void;

export const eventStream = { "content-type": "text/event-stream" };
export const json = { "content-type": "application/json" };
export const anEvent = (event: object) => `data: ${JSON.stringify(event)}\n\n`;

/** Writes the same bytes endlessly, as fast as the client reads them. */
export function forever(response: ServerResponse, bytes: string | Uint8Array): void {
  const send = () => {
    while (!response.destroyed && response.write(bytes));
  };
  response.on("drain", send);
  send();
}

/** Writes the same bytes every 10 ms until the connection closes. */
export function slowly(response: ServerResponse, bytes: string): void {
  const timer = setInterval(() => response.write(bytes), 10);
  response.on("close", () => clearInterval(timer));
}

/** The CodeLlamaError that `work` rejects with. Throws if `work` succeeds or fails otherwise. */
export async function failureOf(work: PromiseLike<unknown>): Promise<CodeLlamaError> {
  const error = await work.then(
    () => new Error("it did not fail"),
    (reason: unknown) => reason,
  );
  if (!CodeLlamaError.isInstance(error)) throw error;
  return error;
}

/**
 * Calls `use` with a remote server whose list of models is correct and whose completions `answer`
 * writes. Afterwards all connections must close.
 */
export async function generating<Result>(
  answer: Answer,
  use: (llama: CodeLlama) => Promise<Result>,
  options: ConnectOptions = {},
  model: object = {},
): Promise<Result> {
  let closed = 0;
  const server = await startForeignServer(
    withModels(
      "vllm",
      (_, response) => {
        response.on("close", () => closed++);
        answer(response);
      },
      model,
    ),
  );
  try {
    await using llama = await CodeLlama.connect(server.url, { maxRetries: 0, ...options });
    const result = await use(llama);
    const completions = server.seen.length - 1;
    await until(() => closed === completions, "the connections are closed");
    return result;
  } finally {
    await server[Symbol.asyncDispose]();
  }
}

/** The error of a generation that `answer` answers. */
export const failing = (answer: Answer, options?: ConnectOptions, call: GenerateOptions = {}) =>
  generating(answer, (llama) => failureOf(llama.generate("x", { maxTokens: 5, ...call })), options);
