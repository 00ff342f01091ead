import { describe, expect, test } from "vitest";
import { operations } from "../../../lib/server/openapi/operations.ts";
import { hostileJsonTexts } from "../../helpers/hostile-json.ts";
import { jsonOf, useTinyServer } from "../../helpers/server.ts";

const shared = useTinyServer({}, { contextSize: 512 });

const bodies: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "/v1/completions": { prompt: "a", max_tokens: 1 },
  "/v1/chat/completions": { messages: [{ role: "user", content: "a" }], max_tokens: 1 },
  "/v1/embeddings": { input: "a" },
  "/infill": { input_prefix: "a", input_suffix: "", max_tokens: 1 },
  "/tokenize": { content: "a" },
  "/detokenize": { tokens: [5] },
  "/apply-template": { messages: [{ role: "user", content: "a" }] },
};

const required = (path: string) => bodies[path] ?? {};

async function send(path: string, json: string): Promise<void> {
  const response = await fetch(shared.server.url + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: json,
  });
  const text = await response.text();
  const report = `${json.slice(0, 200)} gives ${response.status} ${text.slice(0, 300)}`;
  expect([200, 400, json.includes('"model"') ? 404 : 400], report).toContain(response.status);
  if (response.status === 200) return;
  const { error } = JSON.parse(text);
  expect(error.message.length, report).toBeLessThan(1000);
  expect(error.code, report).toMatch(/^[A-Z_]+$/);
}

const posts = operations.filter(({ method }) => method === "post");
const fieldsOf = (body: unknown) => Object.keys((body as { readonly shape: object }).shape);
const [{ body: first } = { body: undefined }] = posts;

describe.each(posts.map(({ path, body }) => [path, body] as const))("%s", (path, body) => {
  // The same code reads the fields that routes share.
  const shared = body === first ? [] : fieldsOf(first);
  const names = fieldsOf(body).filter((name) => !shared.includes(name) || name in required(path));

  test.each([...names, "__proto__"])("accepts or rejects any value of %s", async (name) => {
    const { [name]: _, ...rest } = required(path);
    const before = Object.entries(rest).map(([key, value]) => `"${key}":${JSON.stringify(value)},`);
    for (const value of hostileJsonTexts)
      await send(path, `{${before.join("")}"${name}":${value}}`);
  });
});

const user = '{"role":"user","content":"a"}';
const called = '"tool_choice":"required","max_tokens":1';

// Places inside fields, at the mark $.
test.each([
  ["/v1/chat/completions", '{"max_tokens":1,"messages":[{"role":$,"content":"a"}]}'],
  ["/v1/chat/completions", '{"max_tokens":1,"messages":[{"role":"user","content":$}]}'],
  ["/v1/chat/completions", '{"max_tokens":1,"messages":[{"role":"user","content":[$]}]}'],
  ["/v1/chat/completions", `{"max_tokens":1,"messages":[${user},$]}`],
  [
    "/v1/chat/completions",
    '{"max_tokens":1,"messages":[{"role":"user","content":[{"type":"text","text":$}]}]}',
  ],
  [
    "/v1/chat/completions",
    `{"max_tokens":1,"messages":[${user},{"role":"assistant","tool_calls":[$]},${user}]}`,
  ],
  [
    "/v1/chat/completions",
    `{"max_tokens":1,"messages":[${user},{"role":"assistant","tool_calls":[{"id":"c",` +
      `"function":{"name":"f","arguments":$}}]},{"role":"tool","tool_call_id":"c","content":"a"}]}`,
  ],
  ["/v1/chat/completions", `{"messages":[${user}],"tools":[$],${called}}`],
  [
    "/v1/chat/completions",
    `{"messages":[${user}],"tools":[{"type":"function","function":$}],${called}}`,
  ],
  [
    "/v1/chat/completions",
    `{"messages":[${user}],"tools":[{"type":"function","function":{"name":"f","parameters":$}}],${called}}`,
  ],
  [
    "/v1/chat/completions",
    `{"max_tokens":1,"messages":[${user}],"response_format":{"type":"json_schema","json_schema":$}}`,
  ],
  [
    "/v1/chat/completions",
    `{"max_tokens":1,"messages":[${user}],"response_format":{"type":"json_schema","json_schema":{"schema":$}}}`,
  ],
  ["/v1/completions", '{"prompt":"a","max_tokens":1,"json_schema":{"properties":{"a":$}}}'],
  ["/v1/completions", '{"prompt":"a","max_tokens":1,"json_schema":{"enum":$}}'],
  ["/v1/completions", '{"prompt":"a","max_tokens":1,"json_schema":{"const":$}}'],
  ["/v1/completions", '{"prompt":"a","max_tokens":1,"json_schema":{"type":"string","pattern":$}}'],
  ["/v1/completions", '{"prompt":"a","max_tokens":1,"guided_choice":["b",$]}'],
  ["/v1/completions", '{"prompt":"a","max_tokens":1,"structured_outputs":{"json":$}}'],
  ["/v1/completions", '{"prompt":"a","max_tokens":1,"logit_bias":{"5":$}}'],
  ["/v1/completions", '{"prompt":"a","max_tokens":1,"logit_bias":[[$,1]]}'],
  ["/v1/completions", '{"prompt":"a","max_tokens":1,"lora":[{"id":$,"scale":1}]}'],
  ["/v1/completions", '{"prompt":"a","max_tokens":1,"stream_options":{"include_usage":$}}'],
  ["/v1/completions", '{"prompt":["a",$],"max_tokens":1}'],
  ["/v1/completions", '{"prompt":"a","options":{"num_predict":1,"temperature":$}}'],
  ["/infill", '{"max_tokens":1,"input_extra":[{"filename":$,"text":"a"}]}'],
  ["/infill", '{"max_tokens":1,"prompt":"a","response_fields":["content",$]}'],
])("%s accepts or rejects any value at %s", async (path, body) => {
  for (const value of hostileJsonTexts)
    await send(
      path,
      body.replace("$", () => value),
    );
});

test("leaves the server healthy and Object.prototype unchanged", async () => {
  expect(Object.prototype).not.toHaveProperty("polluted");
  expect((await jsonOf(await fetch(`${shared.server.url}/health`))).status).toBe("ok");
});
