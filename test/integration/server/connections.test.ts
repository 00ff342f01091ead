import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { heavy } from "../../helpers/event-loop/heavy.ts";
import { startTinyServer, until } from "../../helpers/server.ts";

type TinyServer = Awaited<ReturnType<typeof startTinyServer>>;

const json = { "content-type": "application/json" };
const endless = { prompt: "x", max_tokens: 1500, ignore_eos: true, stream: true };

/** Opens a connection and sends some text. The test controls it from then on. */
async function open({ url }: TinyServer, ...sent: readonly string[]): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => {});
  await once(socket, "connect");
  for (const piece of sent) socket.write(piece);
  return socket;
}

function head(path: string, length: number): string {
  return (
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${length}\r\n\r\n`
  );
}

/** Sends half a body and waits until the server has started to read it. */
async function openHalf(server: TinyServer): Promise<Socket> {
  const begun = once(server.running.server, "request");
  const socket = await open(server, ...halfBody);
  await begun;
  return socket;
}

/** Waits until the server has no connection. */
async function connectionsEnd({ running }: TinyServer): Promise<void> {
  const count = promisify(running.server.getConnections.bind(running.server));
  while ((await count()) > 0) await new Promise((resolve) => setTimeout(resolve, 20));
}

const halfBody = [head("/v1/completions", 1000), '{"prompt":'] as const;

/** A logger that keeps its lines. */
function recorder() {
  const lines: { level: string; status?: number; code?: string; message: string }[] = [];
  const write = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, ...fields, message });
  return { lines, logger: { info: write("info"), warn: write("warn"), error: write("error") } };
}

describe("close()", () => {
  test("closes the connection of a client that has sent half of its body, at the deadline", async () => {
    await using server = await startTinyServer();
    const answer = text(await openHalf(server));
    await server.running.close(50);
    expect(await answer).toMatch(/^HTTP\/1.1 503 [\s\S]*connection: close[\s\S]*SHUTTING_DOWN/i);
  });

  test("cuts a stream that nobody reads at the deadline and frees the engine", async () => {
    await using server = await startTinyServer();
    const request = { method: "POST", headers: json, body: JSON.stringify(endless) };
    const response = await server.handler(new Request(`${server.url}/v1/completions`, request));
    await server.handler.drain(50);
    expect(server.llama.stats().running).toBe(0);
    expect(await response.text()).toContain("SHUTTING_DOWN");
  });

  test("makes the transfer fail when it cuts a JSON answer", async () => {
    await using server = await startTinyServer();
    const content = JSON.stringify({ content: "x ".repeat(200_000) });
    const request = { method: "POST", headers: json, body: content };
    const response = await server.handler(new Request(`${server.url}/tokenize`, request));
    await server.handler.drain(50);
    await expect(response.text()).rejects.toThrow("the server is shutting down");
  });

  test("cuts a stream on a connection that nobody reads", async () => {
    await using server = await startTinyServer();
    const body = JSON.stringify({ ...endless, logprobs: 100 });
    const socket = await open(server, head("/v1/completions", body.length), body);
    socket.pause();
    await until(() => server.llama.stats().running === 1, "it runs");
    await server.running.close(50);
    expect(server.llama.stats().running).toBe(0);
    socket.destroy();
  });

  test("does not wait for idle connections or for half-sent headers", async () => {
    await using server = await startTinyServer();
    const silent = await open(server);
    const slow = await open(server, "GET /health HTTP/1.1\r\nHost:");
    const kept = await open(server, "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    await once(kept, "data");
    const closed = [silent, slow, kept].map((socket) => once(socket.resume(), "close"));
    await server.running.close(2 ** 31 - 1);
    await Promise.all(closed);
  });

  test("lets a running answer arrive completely and then closes its connection", async () => {
    await using server = await startTinyServer();
    const body = JSON.stringify({ ...endless, max_tokens: 100 });
    const socket = await open(server, head("/v1/completions", body.length), body);
    await until(() => server.llama.stats().running === 1, "it runs");
    const answer = text(socket);
    await server.running.close(2 ** 31 - 1);
    expect(await answer).toContain("data: [DONE]");
  });

  test("can be called twice: the earlier deadline counts", async () => {
    await using server = await startTinyServer();
    await openHalf(server);
    await Promise.all([server.handler.drain(2 ** 31 - 1), server.handler.drain(50)]);
  });
});

describe("time limits", () => {
  test.each([
    ["sends nothing", []],
    ["never ends its headers", ["GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A:"]],
    ["never ends its body", halfBody],
    ["sends no further request", ["GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"]],
  ])("end a connection that %s", async (_, sent) => {
    await using server = await startTinyServer();
    const limits = { headersTimeout: 200, requestTimeout: 300, keepAliveTimeout: 200 };
    Object.assign(server.running.server, limits);
    const sockets = await Promise.all(Array.from({ length: 20 }, () => open(server, ...sent)));
    await Promise.all(sockets.map((socket) => once(socket.resume(), "close")));
  });

  test("end a connection that does not read its answers", async () => {
    await using server = await startTinyServer();
    server.running.server.timeout = 300;
    const request = "GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    const socket = await open(server, request.repeat(90));
    socket.pause();
    await connectionsEnd(server);
    socket.destroy();
  });

  test("do not end a generation that produces no text for longer", async () => {
    await using server = await startTinyServer();
    server.running.server.timeout = 100;
    const body = { ...endless, stream: false, max_tokens: 400 };
    const response = await server.post("/v1/completions", body);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('"completion_tokens":400');
  });
});

describe("pipelined requests", () => {
  test("are answered one after another and end with their connection", async () => {
    await using server = await startTinyServer();
    const body = JSON.stringify({ ...endless, stream: false });
    const request = head("/v1/completions", body.length) + body;
    const health = "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    const socket = await open(server, health.repeat(20), request.repeat(6));
    // Node.js 26 returns one piece for each read().
    let answers = "";
    socket.on("data", (piece) => {
      answers += piece;
    });
    const answered = () => answers.split("HTTP/1.1 200 OK").length - 1;
    const { llama } = server;
    const underWay = () => llama.stats().running + llama.stats().queued;
    await until(() => underWay() === 1 && answered() === 20, "the first generation runs");
    socket.destroy();
    await until(() => underWay() === 0, "it has ended");
    expect((await server.post("/v1/completions", { prompt: "x", max_tokens: 0 })).status).toBe(200);
    expect(underWay()).toBe(0);
  });

  test("let requests of other connections run", async () => {
    await using server = await startTinyServer();
    let turns = 0;
    const counting = setInterval(() => turns++);
    const health = "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    const last = "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    const socket = await open(server, health.repeat(99) + last);
    expect((await text(socket)).split("HTTP/1.1 200 OK")).toHaveLength(101);
    clearInterval(counting);
    expect(turns).toBeGreaterThan(10);
  });

  test("end the connection if there are too many", async () => {
    await using server = await startTinyServer();
    const health = "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    const socket = await open(server, health.repeat(200));
    // The server may reset the connection, because it does not read the remaining requests.
    socket.on("error", () => {});
    await new Promise((resolve) => socket.resume().once("close", resolve));
  });
});

test.each([
  ["HTTP/1.0 without a host", "GET /health HTTP/1.0\r\n\r\n", 200],
  ["a model name with slashes", "GET /v1/models/org/tiny HTTP/1.0\r\n\r\n", 200],
  ["an unknown model name with slashes", "GET /v1/models/org/none HTTP/1.0\r\n\r\n", 404],
  [
    "a compressed body",
    "POST /v1/completions HTTP/1.0\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n" +
      "Content-Length: 2\r\n\r\n{}",
    415,
  ],
  [
    "a chunk without a length",
    `${head("/infill", 0).replace("Content-Length: 0", "Transfer-Encoding: chunked")}zz\r\n`,
    400,
  ],
  [
    "two lengths",
    head("/infill", 2).replace(/(Content-Length: 2)/, "$1\r\nContent-Length: 3"),
    400,
  ],
  [
    "a body with a compressed transfer encoding",
    head("/infill", 0).replace("Content-Length: 0", "Transfer-Encoding: gzip, chunked"),
    501,
  ],
  ["two hosts", "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nhost: 127.0.0.1\r\n\r\n", 400],
  ["an invalid host", "GET /health HTTP/1.1\r\nHost: a@127.0.0.1\r\n\r\n", 400],
  ["OPTIONS for all paths", "OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400],
  ["a model name with a line break", "GET /v1/models/a%0Ab HTTP/1.0\r\n\r\n", 404],
  ["a null byte in the path", "GET /hea\0lth HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400],
  ["headers of 20 KB", `GET /health HTTP/1.1\r\nX-A: ${"a".repeat(20_000)}\r\n\r\n`, 431],
])("%s gets its status", async (_, request, status) => {
  await using server = await startTinyServer({ aliases: ["org/tiny"] });
  const socket = await open(server, request);
  const [first] = await once(socket, "data");
  expect(String(first)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
});

test.each([
  ["Host: 127.0.0.1\r\nHost: example.com", "the request must have only one Host header"],
  ["Host: example.com\r\nHost: 127.0.0.1", "the request must have only one Host header"],
  ["Host: 127.0.0.1:99999", "Invalid URL"],
  ["Host: 127.0.0.1/x", "Invalid host header"],
])("%s gets an error in JSON", async (host, message) => {
  await using server = await startTinyServer();
  const socket = await open(server, `GET /health HTTP/1.1\r\n${host}\r\nConnection: close\r\n\r\n`);
  const [, body] = (await text(socket)).split("\r\n\r\n");
  expect(JSON.parse(body ?? "")).toEqual({
    error: { message, type: "invalid_request_error", param: null, code: "BAD_REQUEST" },
  });
});

test("a client that sends too long a body can read the error before its connection ends", async () => {
  await using server = await startTinyServer({ maxBodyBytes: 2 ** 16 });
  const body = heavy("a long body", () => JSON.stringify({ prompt: "x".repeat(8e6) }));
  for (let attempt = 0; attempt < 20; attempt++) {
    const response = await server.post("/v1/completions", {}, { body });
    expect(response.status).toBe(413);
    await response.text();
  }
});

test("a client that disconnects while it sends its body counts as 499, not as a failure", async () => {
  const { lines, logger } = recorder();
  await using server = await startTinyServer({ logger });
  (await openHalf(server)).destroy();
  await until(() => lines.length > 0, "it is logged");
  expect(lines).toEqual([expect.objectContaining({ level: "warn", status: 499, code: "ABORTED" })]);
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  expect(metrics).toContain('requests_total{route="/v1/completions",status="499"} 1');
});
