import { expect, test, vi } from "vitest";
import { heavy } from "../../helpers/event-loop/heavy.ts";
import { jsonOf, startTinyServer, until, useTinyServer } from "../../helpers/server.ts";

const shared = useTinyServer();

// This text takes many slices.
const text = "def f(x):\n    return x + 1  # ünï 日本 😀\n".repeat(4000);

interface Piece {
  readonly id: number;
  readonly piece: string | number[];
}

test("returns the tokens of a long text with their pieces and serves other requests meanwhile", async () => {
  const { url, post, llama } = shared.server;
  let served = 0;
  let going = true;
  const asking = (async () => {
    while (going) {
      expect((await fetch(`${url}/health`)).status).toBe(200);
      served++;
    }
  })();
  const { tokens } = await jsonOf(await post("/tokenize", { content: text, with_pieces: true }));
  going = false;
  await asking;
  expect(served).toBeGreaterThan(3);
  const ids = await llama.tokenizeLong(text);
  await heavy("compare each token of a long text", () => {
    const bytes = (tokens as Piece[]).map(({ piece }) => Buffer.from(piece as string));
    expect(Buffer.concat(bytes).toString()).toBe(` ${text}`);
    expect((tokens as Piece[]).map(({ id }) => id)).toEqual([...ids]);
  });
  expect((await jsonOf(await post("/tokenize", { content: text }))).tokens).toEqual([...ids]);
});

test("detokenizes as many tokens as a context window may hold and rejects more", async () => {
  const { post } = shared.server;
  const tokens = Array.from({ length: 131_072 }, (_, index) => 300 + (index % 30_000));
  const { content } = await jsonOf(await post("/detokenize", { tokens }));
  expect(content).toBe(shared.server.llama.detokenize(tokens));
  const response = await post("/detokenize", { tokens: [...tokens, 1] });
  expect(response.status).toBe(400);
  expect((await jsonOf(response)).error.param).toBe("tokens");
});

test("frees everything when a client disconnects during a long answer", async () => {
  await using server = await startTinyServer();
  const leaving = new AbortController();
  const body = { content: text, with_pieces: true };
  const response = await server.post("/tokenize", body, { signal: leaving.signal });
  await response.body?.getReader().read();
  leaving.abort();
  await server.handler.drain(2 ** 31 - 1);
});

test("embeddings and logprobs of many slices are as exact as short ones", async () => {
  const { post, llama } = shared.server;
  const input = Array.from({ length: 64 }, (_, index) => `def f${index}(`);
  const { data } = await jsonOf(await post("/v1/embeddings", { input }));
  const { embeddings } = await llama.embed(input);
  expect(data.map((each: { embedding: number[] }) => each.embedding.length)).toEqual(
    embeddings.map(({ length }) => length),
  );
  expect(data[63]).toMatchObject({ object: "embedding", index: 63 });
  const { choices } = await jsonOf(
    await post("/v1/completions", { prompt: "def f(", max_tokens: 40, logprobs: 100, n: 2 }),
  );
  for (const { logprobs } of choices) {
    expect(logprobs.tokens).toHaveLength(40);
    for (const top of logprobs.top_logprobs) expect(Object.keys(top).length).toBeGreaterThan(80);
  }
});

test("renders a dialog of 4 MB as its prompt text", async () => {
  const { post } = shared.server;
  const content = `a${" ".repeat(2_000_000)}${text}b`;
  const messages = [
    { role: "user", content: ` ${content}\n` },
    { role: "assistant", content: "Yes" },
    { role: "user", content: "And?" },
  ];
  const { prompt } = await jsonOf(await post("/apply-template", { messages }));
  expect(prompt).toBe(`<s>[INST] ${content} [/INST] Yes </s><s>[INST] And? [/INST]`);
});

test("renders the prompt of a chat body with its tools", async () => {
  const { post, openai, llama } = shared.server;
  const body = {
    model: "codellama-tiny",
    messages: [{ role: "user" as const, content: "Hi" }],
    tools: [{ type: "function" as const, function: { name: "greet" } }],
    tool_choice: "required" as const,
    max_tokens: 1,
    temperature: 0.5,
  };
  const { prompt } = await jsonOf(await post("/apply-template", body));
  expect(prompt).toContain('{"name":"greet"}');
  const { usage } = await openai.chat.completions.create(body);
  const tokens = llama.tokenize(prompt.replace(/^<s>/, ""), { bos: true });
  expect(usage?.prompt_tokens).toBe(tokens.length);
});

test.each([
  ["/tokenize", { content: "a" }, { add_special_tokens: true }],
  ["/tokenize", { content: "a" }, { truncate_prompt_tokens: 5 }],
  ["/detokenize", { tokens: [5] }, { skip_special_tokens: false }],
  ["/apply-template", { messages: [{ role: "user", content: "a" }] }, { chat_template: "x" }],
  ["/apply-template", { messages: [{ role: "user", content: "a" }] }, { documents: [{}] }],
])("%s: rejects %j with %j and names the field", async (path, body, field) => {
  const response = await shared.server.post(path, { ...body, ...field });
  expect(response.status).toBe(400);
  expect((await jsonOf(response)).error.param).toBe(Object.keys(field)[0]);
  const idle = Object.fromEntries(Object.keys(field).map((name) => [name, null]));
  expect((await shared.server.post(path, { ...body, ...idle })).status).toBe(200);
});

test("rejects a prompt for another model", async () => {
  const body = { model: "other", messages: [{ role: "user", content: "a" }] };
  expect((await shared.server.post("/apply-template", body)).status).toBe(404);
});

test("tokenizes one very long text at a time and skips texts of disconnected clients", async () => {
  let gone = 0;
  const warn = () => gone++;
  const logger = { info: () => {}, warn, error: () => {} };
  await using server = await startTinyServer({ logger });
  const short = "def f(x):\n".repeat(10_000);
  const long = "x".repeat(2 ** 20 + 1);
  const releases: (() => void)[] = [];
  const begun: number[] = [];
  vi.spyOn(server.llama, "tokenizeLong").mockImplementation(async (given) => {
    begun.push(given.length);
    if (given.length > 2 ** 20) await new Promise<void>((resolve) => releases.push(resolve));
    return Int32Array.of(1);
  });
  const leaving = new AbortController();
  const { signal } = leaving;
  const left = Array.from({ length: 3 }, () =>
    server.post("/tokenize", { content: long }, { signal }).catch(() => "left"),
  );
  await until(() => begun.length === 1, "the first begins");
  const last = server.post("/tokenize", { content: long });
  // The shorter text does not wait for them.
  expect((await server.post("/tokenize", { content: short })).status).toBe(200);
  expect(begun).toEqual([long.length, short.length]);
  leaving.abort();
  expect(await Promise.all(left)).toEqual(["left", "left", "left"]);
  await until(() => gone === 3, "the server sees that they have left");
  releases[0]?.();
  await until(() => releases.length === 2, "the last begins");
  releases[1]?.();
  expect((await last).status).toBe(200);
  expect(begun).toEqual([long.length, short.length, long.length]);
});
