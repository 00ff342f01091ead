import { Ajv2020 } from "ajv/dist/2020.js";
import { beforeAll, describe, expect, test } from "vitest";
import { createHandler, listen } from "../../../lib/server/index.ts";
import tasks from "../../../models/codellama-tiny/tasks.json" with { type: "json" };
import { heavy } from "../../helpers/event-loop/heavy.ts";
import { jsonOf, startTinyServer, until, useTinyServer } from "../../helpers/server.ts";

const key = "secret-of-tests";
const apiKeys = [{ name: "tests", key }];
const shared = useTinyServer({ apiKeys, maxBodyBytes: 65_536, maxConcurrentPerKey: 4 });
const messages = [{ role: "user", content: tasks.chat[0]?.messages.at(-1)?.content ?? "" }];
const prompt = tasks.completion[0]?.prompt ?? "";
const json = "application/json";
const events = "text/event-stream";
const greedy = { temperature: 0, max_tokens: 60 };
const hole = { input_prefix: "def add(a, b):\n    return", input_suffix: "\n", n_predict: 12 };
const tool = {
  type: "function",
  function: {
    name: "set_volume",
    parameters: { type: "object", properties: { level: { const: 4 } }, required: ["level"] },
  },
};
const called = { messages, tools: [tool], tool_choice: "required", ...greedy };

interface Described {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly [rest: string]: unknown;
}

interface Operation {
  readonly operationId: string;
  readonly security?: readonly object[];
  readonly requestBody?: { readonly description: string };
  readonly responses: Readonly<Record<string, { readonly headers?: object }>>;
}

let description: Described;
let ajv: Ajv2020;

beforeAll(async () => {
  description = await described(shared.server.url);
  ajv = new Ajv2020({ strict: false, allErrors: true });
  ajv.addSchema({ ...(exact(description) as object), $id: "openapi" });
});

async function described(url: string): Promise<Described> {
  return jsonOf(await fetch(`${url}/openapi.json`, { headers: { "x-api-key": key } }));
}

/** The same schema without additional properties, so that it must describe the whole answer. */
function exact(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(exact);
  if (typeof schema !== "object" || schema === null) return schema;
  const entries = Object.entries(schema).map(([name, value]) => [name, exact(value)]);
  const closed = "properties" in schema && { additionalProperties: false };
  return { ...closed, ...Object.fromEntries(entries) };
}

/** Checks a value against the schema at a path in the OpenAPI document. */
function check(value: unknown, ...place: readonly string[]): void {
  const pointer = place.map((step) => encodeURIComponent(step.replaceAll("/", "~1"))).join("/");
  const schema = { $ref: `openapi#/${pointer}` };
  const valid = heavy("ajv compiles the schema", () => ajv.validate(schema, value));
  expect(valid ? [] : ajv.errors, `${place.join(" ")}: ${JSON.stringify(value)}`).toEqual([]);
}

const answerOf = (path: string, method: string, status: number | "default", type: string) =>
  ["paths", path, method, "responses", `${status}`, "content", type] as const;

/** Returns the data of each event of a stream. */
function dataOf(text: string): string[] {
  return [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => data ?? "");
}

test.each([
  ["/v1/completions", { prompt, ...greedy }],
  ["/v1/completions", { prompt: [prompt, "def f("], n: 2, max_tokens: 3, return_token_ids: true }],
  ["/v1/completions", { prompt, echo: true, logprobs: 2, stop: ["\n"], ...greedy }],
  ["/v1/completions", { prompt, suffix: "\n", ...greedy }],
  ["/v1/chat/completions", { messages, ...greedy }],
  ["/v1/chat/completions", { messages, n: 2, logprobs: true, top_logprobs: 2, ...greedy }],
  ["/v1/chat/completions", called],
  ["/v1/chat/completions", { ...called, max_tokens: 16 }],
  ["/v1/embeddings", { input: ["def f", "class A"] }],
  ["/v1/embeddings", { input: "def f", encoding_format: "base64" }],
  ["/infill", hole],
  ["/infill", { ...hole, n_cmpl: 2 }],
  ["/infill", { ...hole, response_fields: ["content", "timings/prompt_n"] }],
  ["/tokenize", { content: "def f" }],
  ["/tokenize", { content: "def f", with_pieces: true }],
  ["/detokenize", { tokens: [1, 2, 3] }],
  ["/apply-template", { messages }],
])("answers match their description: %s %j", async (path, body) => {
  const response = await shared.server.post(path, body);
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toContain(json);
  check(await jsonOf(response), ...answerOf(path, "post", 200, json), "schema");
});

test("an infill has every field, or only the requested ones", async () => {
  const whole = await jsonOf(await shared.server.post("/infill", hole));
  check(whole, "components", "schemas", "Infill");
  const body = { ...hole, response_fields: ["content", "timings/prompt_n"] };
  const selected = await jsonOf(await shared.server.post("/infill", body));
  check(selected, "components", "schemas", "InfillSelection");
});

test.each([
  ["/v1/models", "/v1/models", json],
  ["/v1/models/codellama-tiny", "/v1/models/{model}", json],
  ["/health", "/health", json],
  ["/metrics", "/metrics", "text/plain"],
  ["/openapi.json", "/openapi.json", json],
])("GET %s matches its description", async (path, template, type) => {
  const { url } = shared.server;
  const response = await fetch(url + path, { headers: { "x-api-key": key } });
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toContain(type);
  const answer = type === json ? await jsonOf(response) : await response.text();
  check(answer, ...answerOf(template, "get", 200, type), "schema");
});

test.each([
  ["/v1/completions", { prompt, ...greedy }],
  ["/v1/completions", { prompt, n: 2, logprobs: 1, echo: true, return_token_ids: true, ...greedy }],
  ["/v1/completions", { prompt, stream_options: { include_usage: true }, ...greedy }],
  ["/v1/chat/completions", { messages, stream_options: { include_usage: true }, ...greedy }],
  ["/v1/chat/completions", { messages, logprobs: true, top_logprobs: 1, ...greedy }],
  ["/v1/chat/completions", called],
  ["/infill", hole],
  ["/infill", { ...hole, response_fields: ["content", "timings/prompt_n"] }],
])("events match their description: %s %j", async (path, body) => {
  const response = await shared.server.post(path, { ...body, stream: true });
  expect(response.headers.get("content-type")).toContain(events);
  const text = await response.text();
  const place = answerOf(path, "post", 200, events);
  check(text, ...place, "schema");
  const received = dataOf(text);
  if (path !== "/infill") expect(received.pop()).toBe("[DONE]");
  expect(received.length).toBeGreaterThan(1);
  for (const event of received) check(JSON.parse(event), ...place, "x-event-schema");
});

test("an error event matches its description", async () => {
  await using server = await startTinyServer();
  const body = { prompt: "def f(", max_tokens: 1900, logit_bias: { 2: -100 }, stream: true };
  const response = await server.post("/v1/completions", body);
  const draining = server.handler.drain(0);
  const last = dataOf(await response.text()).at(-1) ?? "";
  await draining;
  expect(JSON.parse(last).error.code).toBe("SHUTTING_DOWN");
  check(JSON.parse(last), ...answerOf("/v1/completions", "post", 200, events), "x-event-schema");
});

describe("errors", () => {
  const keyed = { authorization: `Bearer ${key}`, "content-type": json };
  const posts = [
    "/v1/completions",
    "/v1/chat/completions",
    "/v1/embeddings",
    "/infill",
    "/tokenize",
    "/detokenize",
    "/apply-template",
  ];

  test.each([
    [400, "/v1/completions", { body: "{}", headers: keyed }],
    [401, "/v1/completions", { body: "{}", headers: { "content-type": json } }],
    [404, "/v1/completions", { body: '{"prompt":"x","model":"gpt"}', headers: keyed }],
    [413, "/tokenize", { body: `"${"x".repeat(70_000)}"`, headers: keyed }],
    [415, "/detokenize", { body: "{}", headers: { ...keyed, "content-type": "text/plain" } }],
  ])("%i of %s matches its description", async (status, path, init) => {
    const response = await fetch(shared.server.url + path, { method: "POST", ...init });
    expect(response.status).toBe(status);
    check(await jsonOf(response), ...answerOf(path, "post", status, json), "schema");
  });

  test("404 of an unknown model and of an unknown path match their description", async () => {
    const { url } = shared.server;
    const model = await fetch(`${url}/v1/models/gpt`, { headers: keyed });
    expect(model.status).toBe(404);
    check(await jsonOf(model), ...answerOf("/v1/models/{model}", "get", 404, json), "schema");
    const wrongMethod = await fetch(`${url}/v1/completions`, { headers: keyed });
    expect(wrongMethod.status).toBe(405);
    const place = answerOf("/v1/completions", "post", "default", json);
    check(await jsonOf(wrongMethod), ...place, "schema");
  });

  test("429 and 503 have the described Retry-After header", async () => {
    await using server = await startTinyServer({ maxConcurrentPerKey: 1 });
    const long = { prompt: "def f(", max_tokens: 1900, logit_bias: { 2: -100 } };
    const asking = server.post("/v1/completions", long);
    await until(() => server.llama.stats().running === 1, "the generation begins");
    const busy = await server.post("/tokenize", { content: "x" });
    const draining = server.handler.drain(0);
    const closing = await server.post("/tokenize", { content: "x" });
    await Promise.all([asking, draining]);
    for (const [status, response] of [[429, busy] as const, [503, closing] as const]) {
      expect(response.status).toBe(status);
      check(await jsonOf(response), ...answerOf("/tokenize", "post", status, json), "schema");
      expect(response.headers.get("retry-after")).toMatch(/^\d+$/);
      const { headers } = description.paths["/tokenize"]?.post?.responses[status] ?? {};
      expect(headers).toHaveProperty("Retry-After");
    }
  });

  test("an error that lacks a field does not match", () => {
    const error = { message: "m", type: "t", param: null, code: "c" };
    check({ error }, "components", "schemas", "Error");
    const { code: _, ...incomplete } = error;
    for (const wrong of [{}, { error: incomplete }, { error: { ...error, more: 1 } }]) {
      expect(() => check(wrong, "components", "schemas", "Error")).toThrow();
    }
  });

  test("each operation lists the errors that can occur", () => {
    const of = (path: string, method: string) =>
      Object.keys(description.paths[path]?.[method]?.responses ?? {}).filter((each) => +each > 200);
    for (const path of posts) {
      const model = path.endsWith("tokenize") ? [] : ["404"];
      const expected = ["400", "401", ...model, "413", "415", "429", "503"];
      expect(of(path, "post"), path).toEqual(expected);
    }
    expect(of("/v1/models/{model}", "get")).toEqual(["401", "404", "503"]);
    expect(of("/metrics", "get")).toEqual(["401", "503"]);
    expect(of("/health", "get")).toEqual(["503"]);
  });

  test("503 of /health has its own form", async () => {
    const loading = createHandler(new Promise<never>(() => {}));
    const running = await listen(loading, { port: 0 });
    const response = await fetch(`${running.url}/health`);
    expect(response.status).toBe(503);
    check(await jsonOf(response), ...answerOf("/health", "get", 503, json), "schema");
    await running.close(0);
  });
});

test("describes keys as a bearer token or x-api-key, only if the server has keys", async () => {
  const needed = [{ bearer: [] }, { header: [] }];
  expect(description).toMatchObject({
    security: needed,
    components: {
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer" },
        header: { type: "apiKey", in: "header", name: "x-api-key" },
      },
    },
  });
  expect(description.security).toEqual(needed);
  const { url } = shared.server;
  const header = await fetch(`${url}/v1/models`, { headers: { "x-api-key": key } });
  expect(header.status).toBe(200);
  for (const [path, operations] of Object.entries(description.paths)) {
    if (operations.get === undefined) continue;
    const { status } = await fetch(url + path.replace("{model}", "codellama-tiny"));
    const isOpen = operations.get.security?.length === 0;
    expect(status, path).toBe(isOpen ? 200 : 401);
  }
  await using open = await startTinyServer();
  const free = await described(open.url);
  expect(free.security).toEqual([...needed, {}]);
  expect(free.paths["/tokenize"]?.post?.responses).not.toHaveProperty("401");
});

test("lists the aliases of the fields of a body", () => {
  const bodyOf = (path: string) => description.paths[path]?.post?.requestBody?.description;
  expect(bodyOf("/infill")).toMatch(/n_predict for max_tokens.*n_cmpl for n/);
  expect(bodyOf("/v1/chat/completions")).toContain("max_completion_tokens for max_tokens");
  expect(bodyOf("/v1/embeddings")).not.toContain("n_predict");
});

test("has a title, operation ids and its own URL", () => {
  const operations = Object.values(description.paths).flatMap((each) => Object.values(each));
  const ids = operations.map(({ operationId }) => operationId);
  expect(ids).toContain("createChatCompletion");
  expect(new Set(ids).size).toBe(operations.length);
  for (const id of ids) expect(id).toMatch(/^[a-z][A-Za-z]+$/);
  expect(description).toMatchObject({
    openapi: "3.1.0",
    info: { license: { name: "MIT", identifier: "MIT" } },
    servers: [{ url: "/" }],
  });
});
