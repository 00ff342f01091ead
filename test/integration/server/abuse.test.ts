import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, describe, expect, test } from "vitest";
import { createHandler, listen } from "../../../lib/server/index.ts";
import { heavy } from "../../helpers/event-loop/heavy.ts";
import { Random } from "../../helpers/random.ts";
import { jsonOf, startTinyServer, until, useTinyServer } from "../../helpers/server.ts";

const shared = useTinyServer(
  { maxBodyBytes: 64 * 1024, heartbeatMs: 10 },
  { parallel: 4, maxQueue: 16, contextSize: 2048 },
);

afterAll(() => {
  expect(shared.server.llama.stats()).toMatchObject({ running: 0, queued: 0, kvCellsUsed: 0 });
});

async function errorOf(response: Response) {
  return { status: response.status, error: (await jsonOf(response)).error };
}

describe("bodies", () => {
  test.each([
    ["no bytes", "", 400],
    ["half of JSON", '{"prompt": "x"', 400],
    ["a list", "[]", 400],
    ["null", "null", 400],
    ["bytes that are not UTF-8", Buffer.from([0x7b, 0xff, 0x7d]), 400],
    ["deeply nested lists", `{"prompt": ${"[".repeat(20_000)}${"]".repeat(20_000)}}`, 400],
    ["too many bytes", `{"prompt": "${"x".repeat(70_000)}"}`, 413],
  ])("with %s get a clear error", async (_, body, status) => {
    const { status: received, error } = await errorOf(
      await shared.server.post("/v1/completions", {}, { body }),
    );
    expect(received).toBe(status);
    expect(error).toMatchObject({ message: expect.any(String), type: "invalid_request_error" });
  });

  test("of 100 MB are rejected while they arrive", async () => {
    const piece = new Uint8Array(2 ** 20).fill(0x20);
    let sent = 0;
    const body = new ReadableStream({
      pull(controller) {
        if (sent++ < 100) controller.enqueue(piece);
        else controller.close();
      },
    });
    const sending = shared.server.post("/v1/completions", {}, {
      body,
      duplex: "half",
    } as RequestInit);
    const status = await sending.then(
      (response) => response.status,
      () => 413, // The connection was closed before the client read the answer.
    );
    expect(status).toBe(413);
    expect(sent).toBeLessThan(60);
  });

  test("without a JSON content type are rejected, because any web page could send them", async () => {
    const headers = { "content-type": "text/plain" };
    const response = await shared.server.post("/v1/completions", { prompt: "x" }, { headers });
    expect(response.status).toBe(415);
  });
});

test.each([
  ["/v1/completions", { prompt: "x", n: 3, best_of: 2 }, "best_of", "must be at least n"],
  [
    "/v1/chat/completions",
    { messages: [{ role: "user", content: "x" }], tool_choice: "required" },
    "tool_choice",
    "demands a tool, and there are no tools",
  ],
])("%s: names fields that contradict each other", async (path, body, field, problem) => {
  const { status, error } = await errorOf(await shared.server.post(path, body));
  expect(status).toBe(400);
  expect(error).toMatchObject({ param: field, message: `${field}: ${problem}` });
});

test("every wrong value of every field gives an answer, or a 400 that names the field", async () => {
  const { url } = shared.server;
  const description = await jsonOf(await fetch(`${url}/openapi.json`));
  const values = [null, true, -1, 1.5, 1e300, "text", "", [], [[]], {}, ["x", 1], { a: 1 }];
  const good: Record<string, object> = {
    "/v1/completions": { prompt: "x", max_tokens: 1 },
    "/v1/chat/completions": { messages: [{ role: "user", content: "x" }], max_tokens: 1 },
    "/v1/embeddings": { input: "x" },
    "/infill": { input_prefix: "x", n_predict: 1 },
    "/tokenize": { content: "x" },
    "/detokenize": { tokens: [1] },
    "/apply-template": { messages: [{ role: "user", content: "x" }] },
  };
  let refused = 0;
  for (const [path, body] of Object.entries(good)) {
    const { schema } = description.paths[path].post.requestBody.content["application/json"];
    for (const name of Object.keys(schema.properties)) {
      for (const value of values) {
        const response = await shared.server.post(path, { ...body, [name]: value });
        if (response.headers.get("content-type")?.startsWith("text/event-stream")) {
          await response.text();
          continue;
        }
        const answer = await jsonOf(response);
        if (response.status === 200) continue;
        expect([400, 404]).toContain(response.status);
        expect(answer.error.message, `${path} ${name}`).toMatch(/\S/);
        refused++;
      }
    }
  }
  expect(refused).toBeGreaterThan(300);
}, 300_000);

test("requests beyond the queue limit get 429 with Retry-After", async () => {
  const asking = Array.from({ length: 40 }, () =>
    shared.server.post("/v1/completions", { prompt: "def f(", max_tokens: 30 }),
  );
  const responses = await Promise.all(asking);
  const refused = responses.filter(({ status }) => status === 429);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused.length).toBeLessThanOrEqual(20);
  expect(refused[0]?.headers.get("retry-after")).toBe("1");
  expect(responses.filter(({ status }) => status === 200).length).toBe(40 - refused.length);
});

test("500 clients that disconnect at random leave nothing behind", async () => {
  const random = new Random(7);
  const visit = async (index: number) => {
    const controller = new AbortController();
    const leaving = setTimeout(() => controller.abort(), random.next() * 600);
    const body = { prompt: `def f${index}(`, max_tokens: 40, stream: index % 2 === 0 };
    try {
      const init = { signal: controller.signal, body: JSON.stringify(body) };
      await (await shared.server.post("/v1/completions", body, init)).text();
    } catch {
      // The client disconnected.
    } finally {
      clearTimeout(leaving);
    }
  };
  const indices = Array.from({ length: 500 }, (_, index) => index);
  await heavy("500 clients connect in one turn", () => Promise.all(indices.map(visit)));
  const { llama } = shared.server;
  await until(() => llama.stats().running + llama.stats().queued === 0, "all have ended");
  expect((await shared.server.post("/v1/completions", { prompt: "x", max_tokens: 1 })).status).toBe(
    200,
  );
});

test("unfinished headers and half a body do not disturb other clients", async () => {
  const { hostname, port } = new URL(shared.server.url);
  const slow = connect(Number(port), hostname);
  slow.write("POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1\r\n");
  const half = connect(Number(port), hostname);
  half.write(
    "POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n" +
      'Content-Length: 1000\r\n\r\n{"prompt"',
  );
  await once(half, "connect").catch(() => {});
  half.destroy();
  expect((await fetch(`${shared.server.url}/health`)).status).toBe(200);
  slow.destroy();
});

test("a stream without new text sends heartbeats", async () => {
  const { post, llama } = shared.server;
  // More urgent requests, twice as many as can run, hold the stream back until the heartbeat comes.
  let isWaiting = true;
  const options = { maxTokens: 400, ignoreEos: true, priority: "interactive" } as const;
  const others = Array.from({ length: 8 }, async () => {
    while (isWaiting) await llama.generate("def f(", options);
  });
  await until(() => llama.stats().running === 4, "all places are taken");
  const { body } = await post("/v1/completions", { prompt: "def g(", max_tokens: 2, stream: true });
  let text = "";
  for await (const piece of body ?? []) {
    text += Buffer.from(piece).toString();
    if (text.includes(": still there")) isWaiting = false;
  }
  isWaiting = false;
  expect(text).toContain(": still there");
  expect(text).toContain("data: [DONE]");
  await Promise.all(others);
});

describe("a server", () => {
  test("limits the concurrent requests of a key", async () => {
    const apiKeys = [
      { name: "one", key: "first-key" },
      { name: "two", key: "second-key" },
    ];
    await using server = await startTinyServer({ apiKeys, maxConcurrentPerKey: 1 });
    const { llama, post } = server;
    const long = post("/v1/completions", {
      prompt: "def f(",
      max_tokens: 200,
      logit_bias: { 2: -100 },
    });
    await until(() => llama.stats().running === 1, "the first runs");
    const body = { prompt: "x", max_tokens: 1 };
    expect((await post("/v1/completions", body)).status).toBe(429);
    const headers = { "content-type": "application/json", "x-api-key": "second-key" };
    expect((await post("/v1/completions", body, { headers })).status).toBe(200);
    expect((await long).status).toBe(200);
    expect((await fetch(`${server.url}/metrics`)).status).toBe(401);
    for (const method of ["GET", "HEAD"]) {
      expect((await fetch(`${server.url}/health`, { method })).status).toBe(200);
    }
  });

  test("drains: running requests finish and new ones get an error", async () => {
    await using server = await startTinyServer();
    const { llama, handler, post } = server;
    const body = { prompt: "def f(", max_tokens: 60, logit_bias: { 2: -100 } };
    const running = post("/v1/completions", body);
    await until(() => llama.stats().running === 1, "it runs");
    const drained = handler.drain(10_000);
    const { status, error } = await errorOf(await post("/v1/completions", body));
    expect([status, error.code]).toEqual([503, "SHUTTING_DOWN"]);
    expect((await fetch(`${server.url}/health`)).status).toBe(503);
    expect((await running).status).toBe(200);
    await drained;
  });

  test("cuts unfinished requests at the deadline and reports it in the stream", async () => {
    await using server = await startTinyServer();
    const { handler, post } = server;
    const body = { prompt: "def f(", max_tokens: 1900, stream: true, logit_bias: { 2: -100 } };
    const response = await post("/v1/completions", body);
    const [text] = await Promise.all([response.text(), handler.drain(100)]);
    expect(text).toContain("SHUTTING_DOWN");
    expect(text).not.toContain("[DONE]");
  });

  test("answers while its model loads and after the load has failed", async () => {
    let fail = (_: Error) => {};
    const model = new Promise<never>((_, reject) => {
      fail = reject;
    });
    const handler = createHandler(model);
    const health = async () => {
      const response = await handler(new Request("http://localhost/health"));
      return [response.status, (await jsonOf(response)).status];
    };
    expect(await health()).toEqual([503, "loading"]);
    fail(new Error("no such file"));
    await new Promise(setImmediate);
    expect(await health()).toEqual([503, "failed"]);
  });

  test("ends a generation after the request timeout", async () => {
    await using server = await startTinyServer({ requestTimeoutMs: 200 });
    const body = { prompt: "def f(", max_tokens: 1900, logit_bias: { 2: -100 } };
    const { choices } = await jsonOf(await server.post("/v1/completions", body));
    expect(choices[0].finish_reason).toBe("length");
  });

  test("rejects a public address without keys, and requests with a foreign host name", async () => {
    const handler = createHandler(shared.server.llama);
    await expect(listen(handler, { host: "0.0.0.0", port: 0 })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
    const { hostname, port } = new URL(shared.server.url);
    const socket = connect(Number(port), hostname);
    socket.end("GET /v1/models HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
    const [first] = await once(socket, "data");
    expect(String(first)).toContain(" 403 ");
  });

  test("accepts its host name with a trailing dot", async () => {
    const { hostname, port } = new URL(shared.server.url);
    const socket = connect(Number(port), hostname);
    socket.end("GET /v1/models HTTP/1.1\r\nHost: localhost.:80\r\nConnection: close\r\n\r\n");
    const [first] = await once(socket, "data");
    expect(String(first)).toContain(" 200 ");
  });
});

test("rejects wrong options of createHandler()", () => {
  const { llama } = shared.server;
  const bad = [
    { apiKeys: [{ name: "a", key: "short" }] },
    { maxBodyBytes: 5 },
    { maxBodyBytes: 2 ** 28 + 1 }, // Too close to V8's longest string.
    { logger: {} },
    { modelname: "x" },
    {
      apiKeys: [
        { name: "a", key: "long-enough" },
        { name: "a", key: "also-long-enough" },
      ],
    },
    {
      apiKeys: [
        { name: "a", key: "long-enough" },
        { name: "b", key: "long-enough" },
      ],
    },
    { corsOrigins: ["notanorigin"] },
    { corsOrigins: ["https://a.example", "https://a.example/path"] },
    { corsOrigins: ["https://a.example/"] },
  ];
  for (const options of bad) {
    expect(() => createHandler(llama, options as never)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
  }
});

test("accepts origins in the form that browsers send", () => {
  const { llama } = shared.server;
  const corsOrigins = ["*", "https://a.example", "http://localhost:3000", "vscode-webview://ab12"];
  expect(createHandler(llama, { corsOrigins })).toBeTypeOf("function");
});

test("rejects a value that is not a model, and handles a promise without a model", async () => {
  for (const none of [{}, null, undefined, "model", 5, []]) {
    expect(() => createHandler(none as never)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
  }
  const handler = createHandler(Promise.resolve({}) as never);
  await new Promise((resolve) => setTimeout(resolve));
  expect((await handler(new Request("http://localhost/health"))).status).toBe(503);
  expect((await handler(new Request("http://localhost/v1/models"))).status).toBe(503);
});

test.each([
  ["/v1/chat/completions", "messages[1]"],
  ["/apply-template", "messages[1]"],
])("names the wrong message: %s", async (path, param) => {
  const messages = ["user", "user"].map((role) => ({ role, content: "messages[7]" }));
  const { status, error } = await errorOf(await shared.server.post(path, { messages }));
  expect(status).toBe(400);
  expect(error.message).toContain(param);
  expect(error).toMatchObject({ code: "INVALID_ARGUMENT", param });
});
