import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A request that the foreign server received. */
export interface SeenRequest {
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Record<string, unknown>;
}

export interface ForeignServer extends AsyncDisposable {
  readonly url: string;
  readonly seen: readonly SeenRequest[];
}

type Answer = (request: SeenRequest, response: ServerResponse) => void;

/** Starts a server that stands in for another project's, over real HTTP. The test writes its answers. */
export async function startForeignServer(answer: Answer): Promise<ForeignServer> {
  const seen: SeenRequest[] = [];
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const piece of request) text += piece;
    const body = text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
    const known = { path: request.url ?? "", headers: request.headers, body };
    seen.push(known);
    answer(known, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Answers `/v1/models` with one model of `owner`; `rest` answers all other requests. */
export function withModels(owner: string, rest: Answer, model: object = {}): Answer {
  return (request, response) => {
    if (request.path === "/v1/models") {
      sendJson(response, { data: [{ id: "some-model", owned_by: owner, ...model }] });
    } else {
      rest(request, response);
    }
  };
}

export function sendJson(response: ServerResponse, body: object, status = 200, headers = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

/** Sends events of OpenAI's completions API. Strings are sent unchanged. */
export function sendEvents(response: ServerResponse, events: readonly (object | string)[]): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const event of events) {
    const data = typeof event === "string" ? event : JSON.stringify(event);
    response.write(`data: ${data}\n\n`);
  }
  response.end();
}

export const piece = (text: string, finish: string | null = null) => ({
  choices: [{ index: 0, text, finish_reason: finish }],
});
