import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { propagation, SpanStatusCode, trace } from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { expect, test } from "vitest";
import { createHandler } from "../../../lib/server/index.ts";
import { useTinyServer } from "../../helpers/server.ts";

const spans = new InMemorySpanExporter();
trace.setGlobalTracerProvider(
  new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }),
);
propagation.setGlobalPropagator(new W3CTraceContextPropagator());

const lines: { level: string; fields: Record<string, unknown>; message: string }[] = [];
const write = (level: string) => (fields: object, message: string) => {
  lines.push({ level, fields: { ...fields }, message });
};
const logger = { info: write("info"), warn: write("warn"), error: write("error") };
const shared = useTinyServer({ logger });
const secret = "def very_secret_name(";

test("a generation is a span of the caller's trace with the conventional attributes", async () => {
  spans.reset();
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const response = await shared.server.post(
    "/v1/completions",
    { prompt: secret, max_tokens: 5, temperature: 0 },
    {
      headers: {
        "content-type": "application/json",
        traceparent: `00-${traceId}-b7ad6b7169203331-01`,
      },
    },
  );
  await response.text();
  const [span] = spans.getFinishedSpans();
  expect(span?.name).toBe("text_completion codellama-tiny");
  expect(span?.spanContext().traceId).toBe(traceId);
  expect(span?.attributes).toMatchObject({
    "gen_ai.operation.name": "text_completion",
    "gen_ai.request.model": "codellama-tiny",
    "gen_ai.request.max_tokens": 5,
    "gen_ai.request.temperature": 0,
    "gen_ai.usage.output_tokens": 5,
    "gen_ai.response.finish_reasons": ["length"],
  });
  expect(JSON.stringify(span?.attributes)).not.toContain("secret");
});

test("a rejected request is a failed span", async () => {
  spans.reset();
  await shared.server.post("/v1/completions", { prompt: secret, temperature: "hot" });
  const [span] = spans.getFinishedSpans();
  expect(span?.status.code).toBe(SpanStatusCode.ERROR);
  expect(span?.attributes["error.type"]).toBe("INVALID_ARGUMENT");
});

test("logs one line per request and never its text", async () => {
  lines.length = 0;
  const { post } = shared.server;
  const headers = { "content-type": "application/json", "x-request-id": "given-by-the-client" };
  const answer = await post("/v1/completions", { prompt: secret, max_tokens: 5 }, { headers });
  expect(answer.headers.get("x-request-id")).toBe("given-by-the-client");
  await (await post("/v1/completions", { prompt: secret, stream: true })).text();
  await post("/v1/completions", { prompt: secret, stop: [1] });
  expect(lines.map(({ level, message }) => [level, message])).toEqual([
    ["info", "request"],
    ["info", "request"],
    ["warn", "request refused"],
  ]);
  expect(lines[0]?.fields).toMatchObject({
    requestId: "given-by-the-client",
    path: "/v1/completions",
    status: 200,
    key: "anonymous",
    completionTokens: 5,
    finishReasons: ["length"],
  });
  expect(lines[1]?.fields).toMatchObject({ operation: "text_completion", completionTokens: 16 });
  expect(JSON.stringify(lines)).not.toContain("secret");
});

test("a health check while the model loads is not logged as a warning", async () => {
  lines.length = 0;
  const loading = createHandler(new Promise<never>(() => {}), { logger });
  expect((await loading(new Request("http://localhost/health"))).status).toBe(503);
  expect((await loading(new Request("http://localhost/v1/models"))).status).toBe(503);
  expect(lines.map(({ level, message }) => [level, message])).toEqual([
    ["info", "request"],
    ["warn", "request refused"],
  ]);
  expect(lines[0]?.fields).toMatchObject({ path: "/health", status: 503 });
});

test("metrics count by route, never by the path that a client sends", async () => {
  const { url } = shared.server;
  for (const path of ["/v1/models/one", "/v1/models/two", "/three"]) await fetch(url + path);
  const wrongMethods = ["/v1/completions", "/health", "/v1/models/one"].map((path) =>
    fetch(url + path, { method: "DELETE" }),
  );
  const allowed = (await Promise.all(wrongMethods)).map(({ status, headers }) => [
    status,
    headers.get("allow"),
  ]);
  expect(allowed).toEqual([
    [405, "POST"],
    [405, "GET, HEAD"],
    [405, "GET, HEAD"],
  ]);
  const text = await (await fetch(`${url}/metrics`)).text();
  expect(text).toContain('requests_total{route="/v1/models/:model",status="404"} 2');
  expect(text).toContain('requests_total{route="/v1/completions",status="405"} 1');
  expect(text).toContain('requests_total{route="unknown",status="404"} 1');
  expect(text).not.toMatch(/one|two|three/);
});

test("metrics count requests and tokens and describe the engine", async () => {
  const text = await (await fetch(`${shared.server.url}/metrics`)).text();
  const value = (line: string) => Number(text.split(`\n${line} `)[1]?.split("\n")[0]);
  expect(value('codellama_http_requests_total{route="/v1/completions",status="200"}')).toBe(3);
  expect(value('codellama_http_requests_total{route="/v1/completions",status="400"}')).toBe(2);
  expect(value('codellama_tokens_total{kind="completion",key="anonymous"}')).toBe(26);
  expect(value('codellama_time_to_first_token_seconds_count{route="/v1/completions"}')).toBe(3);
  expect(value("codellama_kv_cells")).toBe(2048);
  expect(value("codellama_requests_running")).toBe(0);
  expect(value("codellama_prefix_miss_tokens_total")).toBeGreaterThan(5);
});

test("a server works without the OpenTelemetry API", async () => {
  // Only this package must not find the API, because prom-client depends on it.
  const hook = `const Module = require("node:module");
    const resolve = Module._resolveFilename;
    Module._resolveFilename = (name, parent, ...rest) => {
      if (name === "@opentelemetry/api" && /\\bdist\\b.server/.test(parent.filename)) {
        console.log("missing");
        throw Object.assign(new Error("not installed"), { code: "MODULE_NOT_FOUND" });
      }
      return resolve(name, parent, ...rest);
    };`;
  const serve = `const { createHandler } = require("./dist/server.cjs");
    const handler = createHandler(new Promise(() => {}));
    handler(new Request("http://localhost/v1/models")).then(({ status }) => console.log(status));`;
  const run = promisify(execFile);
  expect((await run(process.execPath, ["-e", serve])).stdout).toBe("503\n");
  expect((await run(process.execPath, ["-e", hook + serve])).stdout).toBe("missing\n503\n");
});
