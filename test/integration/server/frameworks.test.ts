import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import { cloneRawRequest } from "hono/request";
import { describe, expect, test } from "vitest";
import { CodeLlamaError, type CodeLlamaErrorCode } from "../../../lib/index.ts";
import { nodeListener } from "../../../lib/server/index.ts";
import { jsonOf, useTinyServer } from "../../helpers/server.ts";

const shared = useTinyServer();
const body = { prompt: "def f", max_tokens: 2, temperature: 0 };

function post(url: string, sent: unknown = body, path = "/v1/completions"): Promise<Response> {
  return fetch(url + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(sent),
  });
}

/** Serves an Express or Hono application during `ask`. */
async function withServer<Value>(
  server: import("node:http").Server,
  ask: (url: string) => Promise<Value>,
): Promise<Value> {
  await once(server, "listening");
  try {
    return await ask(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const withExpress = <Value>(app: express.Express, ask: (url: string) => Promise<Value>) =>
  withServer(app.listen(0, "127.0.0.1"), ask);

const withHono = <Value>(app: Hono, ask: (url: string) => Promise<Value>) => {
  const server = createAdaptorServer({ fetch: app.fetch }) as import("node:http").Server;
  return withServer(server.listen(0, "127.0.0.1"), ask);
};

async function expectAnswer(response: Response): Promise<void> {
  const answer = await jsonOf(response);
  expect(response.status, JSON.stringify(answer)).toBe(200);
  expect(answer.usage.completion_tokens).toBe(2);
}

async function expectUsed(response: Response): Promise<void> {
  expect(response.status).toBe(400);
  expect((await jsonOf(response)).error).toMatchObject({
    code: "BODY_USED",
    message: expect.stringMatching(/cloneRawRequest.*|nodeListener/),
  });
}

describe("Express", () => {
  test.each([
    ["no parser", () => express()],
    ["express.json()", () => express().use(express.json())],
    ["express.text()", () => express().use(express.text({ type: "*/*" }))],
    ["express.raw()", () => express().use(express.raw({ type: "*/*" }))],
  ])("answers after %s", async (_, create) => {
    const app = create().use(nodeListener(shared.server.handler));
    await withExpress(app, async (url) => {
      await expectAnswer(await post(url));
      expect((await fetch(`${url}/health`)).status).toBe(200);
      const wrong = await post(url, { ...body, max_tokens: "x" });
      expect((await jsonOf(wrong)).error).toMatchObject({ param: "max_tokens" });
      const stream = await post(url, { ...body, stream: true });
      expect(await stream.text()).toContain("[DONE]");
    });
  });

  test("names the right function if the handler itself is mounted", async () => {
    const { handler } = shared.server;
    await expect(handler({ url: "/", headers: {} } as never)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(/request must be a web Request .*nodeListener\(handler\)/),
    });
    const app = express().use(handler as never);
    app.use(((error, _request, response, _next) => {
      response.status(error.statusCode).send(error.message);
    }) satisfies express.ErrorRequestHandler);
    await withExpress(app, async (url) => {
      const response = await post(url);
      expect(response.status).toBe(400);
      expect(await response.text()).toContain("nodeListener(handler)");
    });
  });

  test("explains an error if a parser has consumed the body", async () => {
    const app = express().use(async (request, _, next) => {
      for await (const _piece of request);
      next();
    });
    app.use(nodeListener(shared.server.handler));
    await withExpress(app, async (url) => expectUsed(await post(url)));
  });
});

describe("Fastify", () => {
  test("answers after its own parser", async () => {
    await using app = fastify();
    app.all("/*", nodeListener(shared.server.handler));
    const url = await app.listen({ port: 0 });
    await expectAnswer(await post(url));
    expect((await fetch(`${url}/health`)).status).toBe(200);
    expect(await (await post(url, { ...body, stream: true })).text()).toContain("[DONE]");
  });

  test("answers the raw request if no parser reads the body", async () => {
    await using app = fastify();
    app.removeAllContentTypeParsers();
    app.addContentTypeParser("*", (_request, _payload, done) => done(null));
    app.all("/*", (request, reply) => {
      reply.hijack();
      nodeListener(shared.server.handler)(request.raw, reply.raw);
    });
    await expectAnswer(await post(await app.listen({ port: 0 })));
  });

  test("explains an error if the raw request has lost its body", async () => {
    await using app = fastify();
    app.all("/*", (request, reply) => {
      reply.hijack();
      nodeListener(shared.server.handler)(request.raw, reply.raw);
    });
    await expectUsed(await post(await app.listen({ port: 0 })));
  });
});

describe("Hono", () => {
  test("answers, also from a copy after c.req.json()", async () => {
    const app = new Hono();
    app.post("/v1/*", (context) => shared.server.handler(context.req.raw));
    app.post("/copy/v1/completions", async (context) => {
      expect(await context.req.json()).toEqual(body);
      const copy = await cloneRawRequest(context.req);
      return shared.server.handler(new Request(new URL("/v1/completions", copy.url), copy));
    });
    await withHono(app, async (url) => {
      await expectAnswer(await post(url));
      await expectAnswer(await post(url, body, "/copy/v1/completions"));
    });
  });

  test("explains an error after c.req.json()", async () => {
    const app = new Hono();
    app.post("/v1/*", async (context) => {
      await context.req.json();
      return shared.server.handler(context.req.raw);
    });
    await withHono(app, async (url) => expectUsed(await post(url)));
    const request = new Request("http://localhost/v1/completions", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    await expectUsed(await app.fetch(request));
  });
});

describe("an error in a user's own route", () => {
  const codes: readonly (readonly [CodeLlamaErrorCode, number])[] = [
    ["INVALID_ARGUMENT", 400],
    ["CONTEXT_OVERFLOW", 400],
    ["QUEUE_FULL", 429],
    ["BACKEND_FAILED", 500],
    ["REMOTE_FAILED", 502],
    ["CLOSED", 503],
  ];

  test.each(codes)("%s has status %i in Express, Fastify and Hono", async (code, status) => {
    const fail = (): never => {
      throw new CodeLlamaError(code, "what is wrong");
    };
    const app = express().post("/", fail);
    app.use(
      (
        error: Error,
        _: express.Request,
        response: express.Response,
        next: express.NextFunction,
      ) => {
        // Express answers by itself, here without its log.
        Object.assign(error, { stack: "" });
        void response;
        next(error);
      },
    );
    await withExpress(app, async (url) => expect((await post(url, body, "/")).status).toBe(status));
    await using fast = fastify();
    fast.post("/", async () => fail());
    const answer = await post(await fast.listen({ port: 0 }), body, "/");
    expect(answer.status).toBe(status);
    expect(await jsonOf(answer)).toMatchObject({ code, message: "what is wrong" });
    const hono = new Hono().post("/", () => fail());
    const response = await hono.request("/", { method: "POST" });
    expect(response.status).toBe(status);
    expect(await jsonOf(response)).toEqual({ error: { message: "what is wrong", code } });
  });

  test("the status is not an own property of the error", () => {
    const error = new CodeLlamaError("REMOTE_FAILED", "m", { status: 401 });
    expect(error.statusCode).toBe(502);
    expect(error.status).toBe(401);
    const seen: string[] = [];
    for (const name in error) seen.push(name);
    expect(seen.sort()).toEqual(["code", "status"]);
  });
});
