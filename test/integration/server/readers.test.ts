import { expect, test } from "vitest";
import { jsonOf, startTinyServer, until, useTinyServer } from "../../helpers/server.ts";

// Clients that read slowly, disconnect, or send requests that cannot be answered.
const shared = useTinyServer({ maxPromptTokens: 20 }, { parallel: 1, maxQueue: 1 });

const endless = { prompt: "x", max_tokens: 1500, ignore_eos: true, stream: true };
const json = { "content-type": "application/json" };

test("pauses the generation of a stream that nobody reads", async () => {
  await using server = await startTinyServer({}, { parallel: 2 });
  const { llama } = server;
  const body = JSON.stringify(endless);
  const request = new Request("http://localhost/v1/completions", {
    method: "POST",
    headers: json,
    body,
  });
  const response = await server.handler(request);
  // Another request runs in the same batches, so its tokens measure the time. A stream that does
  // not pause would grow with them.
  const beside = { maxTokens: 50, ignoreEos: true };
  let growth = Number.POSITIVE_INFINITY;
  for (let round = 0; growth > 0 && round < endless.max_tokens / beside.maxTokens; round++) {
    const before = llama.stats().kvCellsUsed;
    await llama.generate("y", beside);
    growth = llama.stats().kvCellsUsed - before;
  }
  expect(growth).toBe(0);
  expect(llama.stats()).toMatchObject({ running: 1 });
  expect(llama.stats().kvCellsUsed).toBeLessThan(800);
  await response.body?.cancel();
  await until(() => llama.stats().running === 0, "it ends");
});

test.each([
  ["/v1/completions", { prompt: "x" }],
  ["/v1/completions", { prompt: "x", echo: true }],
  ["/v1/chat/completions", { messages: [{ role: "user", content: "x" }] }],
  ["/infill", { input_prefix: "x" }],
])("answers 429 instead of an event stream if the queue is full: %s %j", async (path, asked) => {
  const { llama, post } = shared.server;
  const busy = new AbortController();
  const init = { signal: busy.signal };
  const others = [1, 2].map(() => post("/v1/completions", endless, init).catch(() => undefined));
  await until(() => llama.stats().running + llama.stats().queued === 2, "two are there");
  const response = await post(path, { ...asked, stream: true });
  expect(response.status).toBe(429);
  expect(response.headers.get("retry-after")).toBe("1");
  expect(response.headers.get("x-request-id")).toMatch(/^[\w-]+$/);
  busy.abort();
  await Promise.all(others);
  await until(() => llama.stats().running + llama.stats().queued === 0, "they are gone");
});

test("answers 400 for a stream with an invalid grammar", async () => {
  const messages = [{ role: "user", content: "x" }];
  const asked = { messages, grammar: "root ::= (((", stream: true };
  const response = await shared.server.post("/v1/chat/completions", asked);
  expect(response.status).toBe(400);
});

test.each([
  ["/v1/completions", { prompt: "a b c", suffix: " x".repeat(20) }],
  ["/v1/chat/completions", { messages: ["user", "assistant", "user"].map(said) }],
  ["/infill", { input_prefix: " x".repeat(12), input_suffix: " x".repeat(12) }],
])("maxPromptTokens counts all parts of a prompt: %s", async (path, asked) => {
  const response = await shared.server.post(path, asked);
  expect(response.status).toBe(400);
  expect((await jsonOf(response)).error.code).toBe("CONTEXT_OVERFLOW");
});

function said(role: string) {
  return { role, content: "one two three four five six seven" };
}

test("logs a disconnected client with the tokens generated for it", async () => {
  const lines: object[] = [];
  const log = (fields: object) => void lines.push(fields);
  const logger = { info: log, warn: log, error: log };
  await using server = await startTinyServer({ logger, maxConcurrentPerKey: 1 });
  const leaving = new AbortController();
  const response = await server.post("/v1/completions", endless, { signal: leaving.signal });
  await response.body?.getReader().read();
  // A key that has reached its limit can still read the metrics.
  expect((await fetch(`${server.url}/metrics`)).status).toBe(200);
  expect((await server.post("/v1/completions", endless)).status).toBe(429);
  leaving.abort();
  await until(() => lines.some((line) => "completionTokens" in line), "it is logged");
  const line = lines.find((each) => "completionTokens" in each);
  expect(line).toMatchObject({ status: 200, code: "ABORTED", finishReasons: ["abort"] });
  expect(line).toMatchObject({ promptTokens: 2, completionTokens: expect.any(Number) });
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  const counted = /tokens_total\{kind="completion",key="anonymous"\} (\d+)/.exec(metrics)?.[1];
  expect(Number(counted)).toBeGreaterThan(0);
});

test("counts the tokens of embeddings, and reports no first-token time without tokens", async () => {
  await using server = await startTinyServer();
  await server.post("/v1/embeddings", { input: "a b c" });
  await server.post("/v1/completions", { prompt: "a", max_tokens: 0 });
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  expect(metrics).toMatch(/tokens_total\{kind="prompt",key="anonymous"\} [1-9]/);
  expect(metrics).not.toContain("time_to_first_token_seconds_count{");
});

test("does not start the generation of a request that is already aborted", async () => {
  await using server = await startTinyServer();
  const response = await server.handler(
    new Request("http://localhost/v1/completions", {
      method: "POST",
      headers: json,
      body: JSON.stringify({ ...endless, stream: false }),
      signal: AbortSignal.abort(),
    }),
  );
  expect(response.status).toBe(499);
  const { running, queued } = server.llama.stats();
  expect(running + queued).toBe(0);
});
