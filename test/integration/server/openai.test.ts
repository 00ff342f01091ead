import OpenAI from "openai";
import { describe, expect, test } from "vitest";
import tasks from "../../../models/codellama-tiny/tasks.json" with { type: "json" };
import { jsonOf, until, useTinyServer } from "../../helpers/server.ts";

// OpenAI's official client over real HTTP.
const shared = useTinyServer({ apiKeys: [{ name: "tests", key: "secret-of-tests" }] });
const model = "codellama-tiny";
const [completion] = tasks.completion;
const greedy = { model, temperature: 0, max_tokens: 200 };

if (completion === undefined) throw new Error("the model knows no tasks");
const { prompt, text } = completion;

/** Replaces each number by a matcher that allows for rounding. */
function closeTo(value: unknown): unknown {
  if (typeof value === "number") return expect.closeTo(value, 0);
  if (Array.isArray(value)) return value.map(closeTo);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, closeTo(each)]));
}

describe("completions", () => {
  test("completes a text that the model knows, without streaming", async () => {
    const answer = await shared.server.openai.completions.create({ ...greedy, prompt });
    expect(answer.object).toBe("text_completion");
    expect(answer.choices).toMatchObject([{ index: 0, text, finish_reason: "stop" }]);
    const { usage } = answer;
    expect(usage?.total_tokens).toBe((usage?.prompt_tokens ?? 0) + (usage?.completion_tokens ?? 0));
  });

  test("streams, with usage at the end", async () => {
    const stream = await shared.server.openai.completions.create({
      ...greedy,
      prompt,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks.map(({ choices }) => choices[0]?.text ?? "").join("")).toBe(text);
    expect(chunks.length).toBeGreaterThan(5);
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe("stop");
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 14 } });
    expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true);
  });

  test("generates 16 tokens by default, like OpenAI", async () => {
    const answer = await shared.server.openai.completions.create({ model, prompt, temperature: 0 });
    expect(answer.usage?.completion_tokens).toBe(16);
    expect(answer.choices[0]?.finish_reason).toBe("length");
  });

  test("accepts several prompts with n answers each, as text and as tokens", async () => {
    const { openai, llama } = shared.server;
    const tokens = [...llama.tokenize(prompt, { bos: true })];
    const answer = await openai.completions.create({
      ...greedy,
      max_tokens: 4,
      prompt: [prompt, "def add("],
      n: 2,
    });
    expect(answer.choices.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
    expect(answer.choices[0]?.text).toBe(answer.choices[1]?.text);
    const ofTokens = await openai.completions.create({ ...greedy, max_tokens: 4, prompt: tokens });
    expect(ofTokens.choices[0]?.text).toBe(answer.choices[0]?.text);
    const streamed = await openai.completions.create({
      ...greedy,
      max_tokens: 4,
      prompt: [prompt, "def add("],
      stream: true,
    });
    const texts = ["", ""];
    for await (const { choices } of streamed) {
      for (const { index, text } of choices) texts[index] += text;
    }
    expect(texts).toEqual([answer.choices[0]?.text, answer.choices[2]?.text]);
  });

  test("a suffix makes the completion an infill", async () => {
    const answer = await shared.server.openai.completions.create({
      ...greedy,
      prompt: "def add(a, b):\n    return",
      suffix: "\n",
    });
    expect(answer.choices[0]).toMatchObject({ text: " a + b", finish_reason: "stop" });
  });

  test("supports logprobs, echo, stop and best_of", async () => {
    const { openai } = shared.server;
    const answer = await openai.completions.create({
      ...greedy,
      prompt,
      max_tokens: 5,
      logprobs: 2,
      echo: true,
    });
    const [choice] = answer.choices;
    expect(choice?.text).toBe(prompt + text.slice(0, (choice?.text.length ?? 0) - prompt.length));
    const { tokens, token_logprobs, top_logprobs, text_offset } = choice?.logprobs ?? {};
    expect(tokens).toHaveLength(14 + 5);
    expect(token_logprobs?.[0]).toBeNull();
    expect(top_logprobs?.slice(1).every((top) => Object.keys(top ?? {}).length > 0)).toBe(true);
    expect(text_offset?.[0]).toBe(0);
    const stopped = await openai.completions.create({ ...greedy, prompt, stop: ["Fibonacci"] });
    expect(stopped.choices[0]?.text).toBe(text.slice(0, text.indexOf("Fibonacci")));
    const best = await openai.completions.create({ ...greedy, prompt, n: 1, best_of: 2 });
    expect(best.choices).toMatchObject([{ text }]);
  });

  test.each([
    { max_tokens: 5 },
    { max_tokens: 0 },
    { max_tokens: 3, n: 2 },
    { max_tokens: 5, n: 1, best_of: 2 },
  ])("streams the same logprobs, including the prompt's: %j", async (counts) => {
    const { openai } = shared.server;
    const request = { ...greedy, prompt, logprobs: 2, echo: true, ...counts };
    const whole = await openai.completions.create(request);
    const stream = await openai.completions.create({ ...request, stream: true });
    const pieces: OpenAI.CompletionChoice[] = [];
    for await (const { choices } of stream) pieces.push(...choices);
    for (const { index, text, logprobs } of whole.choices) {
      const ours = pieces.filter((piece) => piece.index === index);
      expect(ours.map((piece) => piece.text).join("")).toBe(text);
      for (const list of ["tokens", "token_logprobs", "top_logprobs", "text_offset"] as const) {
        const streamed = ours.flatMap((piece): unknown[] => piece.logprobs?.[list] ?? []);
        expect(streamed, list).toEqual(closeTo(logprobs?.[list]));
      }
    }
  });

  test("logit_bias of -100 forbids a token", async () => {
    const { openai, llama } = shared.server;
    const { tokens } = await llama.generate(prompt, { temperature: 0, maxTokens: 1 });
    const answer = await openai.completions.create({
      ...greedy,
      prompt,
      max_tokens: 3,
      logit_bias: { [tokens[0] ?? 0]: -100 },
    });
    expect(text.startsWith(answer.choices[0]?.text ?? "")).toBe(false);
  });

  test("a prompt can spell Meta's control tokens only on request", async () => {
    const { post, llama } = shared.server;
    const hole = tasks.infill.find(
      ({ order, prefix }) => order === "prefix-suffix-middle" && !/\s$/.test(prefix),
    );
    if (hole === undefined) throw new Error("the model knows no infill of this order");
    const ask = async (raw: boolean) => {
      const prompt = `<PRE> ${hole.prefix} <SUF>${hole.suffix} <MID>`;
      return jsonOf(await post("/v1/completions", { ...greedy, prompt, raw }));
    };
    const answer = await ask(true);
    const exact = llama.encodeInfill({ prefix: hole.prefix, suffix: hole.suffix, order: "psm" });
    expect(answer.choices[0]).toMatchObject({ text: hole.middle, finish_reason: "stop" });
    expect(answer.usage.prompt_tokens).toBe(exact.length);
    expect((await ask(false)).usage.prompt_tokens).toBeGreaterThan(exact.length + 3);
  });
});

describe("chat", () => {
  const [dialog] = tasks.chat;
  const messages = (dialog?.messages ?? []) as { role: "user"; content: string }[];

  test("gives an answer that the model knows, with and without streaming", async () => {
    const { openai } = shared.server;
    const answer = await openai.chat.completions.create({ ...greedy, max_tokens: 400, messages });
    const content = answer.choices[0]?.message.content ?? "";
    expect(content.trim()).toBe(dialog?.reply.trim());
    expect(answer.choices[0]?.finish_reason).toBe("stop");
    const stream = openai.chat.completions.stream({ ...greedy, max_tokens: 400, messages });
    expect(await stream.finalContent()).toBe(content);
  });

  test("accepts text parts, developer messages and logprobs", async () => {
    const answer = await shared.server.openai.chat.completions.create({
      model,
      temperature: 0,
      max_completion_tokens: 3,
      logprobs: true,
      top_logprobs: 2,
      messages: [
        { role: "developer", content: "Be brief." },
        { role: "user", content: [{ type: "text", text: "Hello" }] },
      ],
    });
    const content = answer.choices[0]?.logprobs?.content ?? [];
    expect(content).toHaveLength(3);
    expect(content[0]?.top_logprobs).toHaveLength(2);
    expect(content[0]?.bytes).toEqual([...Buffer.from(content[0]?.token ?? "")]);
  });

  test("the joined logprobs equal the content, with and without streaming", async () => {
    const { openai } = shared.server;
    const middle = dialog?.reply.slice(20, 40) ?? "";
    for (const extra of [{}, { stop: middle }, { max_tokens: 3 }, { grammar: 'root ::= "👩é"' }]) {
      const request = { ...greedy, messages, logprobs: true, ...extra };
      const whole = await openai.chat.completions.create(request);
      const [choice] = whole.choices;
      const stream = await openai.chat.completions.create({ ...request, stream: true });
      const streamed: OpenAI.ChatCompletionTokenLogprob[] = [];
      let content = "";
      for await (const { choices } of stream) {
        streamed.push(...(choices[0]?.logprobs?.content ?? []));
        content += choices[0]?.delta.content ?? "";
        const joined = streamed.map(({ token }) => token).join("");
        expect(content.startsWith(joined)).toBe(true);
      }
      expect(content).toBe(choice?.message.content);
      for (const tokens of [streamed, choice?.logprobs?.content ?? []]) {
        expect(tokens).toHaveLength(whole.usage?.completion_tokens ?? -1);
        expect(tokens.map(({ token }) => token).join("")).toBe(content);
        expect(Buffer.from(tokens.flatMap(({ bytes }) => bytes ?? [])).toString()).toBe(content);
      }
    }
  });

  test("returns JSON that follows a schema", async () => {
    const schema = {
      type: "object",
      properties: { name: { type: "string", maxLength: 8 }, size: { enum: [1, 2, 3] } },
      required: ["name", "size"],
      additionalProperties: false,
    };
    const answer = await shared.server.openai.chat.completions.create({
      ...greedy,
      messages,
      response_format: { type: "json_schema", json_schema: { name: "thing", schema } },
    });
    const value = JSON.parse(answer.choices[0]?.message.content ?? "");
    expect(Object.keys(value)).toEqual(["name", "size"]);
    expect([1, 2, 3]).toContain(value.size);
  });

  const tools = [
    {
      type: "function" as const,
      function: {
        name: "set_volume",
        parameters: {
          type: "object",
          properties: { level: { const: 4 } },
          required: ["level"],
          additionalProperties: false,
        },
      },
    },
  ];

  test("returns a required tool call, with and without streaming", async () => {
    const { openai } = shared.server;
    const request = { ...greedy, messages, tools, tool_choice: "required" as const };
    const answer = await openai.chat.completions.create(request);
    const [choice] = answer.choices;
    expect(choice?.finish_reason).toBe("tool_calls");
    const [call] = choice?.message.tool_calls ?? [];
    if (call?.type !== "function") throw new Error("no function call");
    expect(call.function.name).toBe("set_volume");
    expect(JSON.parse(call.function.arguments)).toEqual({ level: 4 });
    const stream = openai.chat.completions.stream({ ...request, logprobs: true });
    let pieces = 0;
    let tokens = 0;
    for await (const { choices } of stream) {
      pieces += choices[0]?.delta.tool_calls?.length ?? 0;
      tokens += choices[0]?.logprobs?.content?.length ?? 0;
    }
    expect(pieces).toBeGreaterThan(2);
    expect(tokens).toBe(answer.usage?.completion_tokens);
    const [streamed] = (await stream.finalChatCompletion()).choices;
    expect(streamed?.finish_reason).toBe("tool_calls");
    const [streamedCall] = streamed?.message.tool_calls ?? [];
    if (streamedCall?.type !== "function") throw new Error("no function call");
    expect(streamedCall.id).toMatch(/^call_/);
    expect(streamedCall.function.name).toBe("set_volume");
    expect(JSON.parse(streamedCall.function.arguments)).toEqual({ level: 4 });
  });

  test("rejects optional tools for a model without tool support", async () => {
    const asking = shared.server.openai.chat.completions.create({ ...greedy, messages, tools });
    await expect(asking).rejects.toMatchObject({ status: 400, code: "CAPABILITY_MISSING" });
  });
});

test("returns embeddings of length 1, in base64 as the client requests", async () => {
  const { openai } = shared.server;
  const answer = await openai.embeddings.create({ model, input: ["def f", "class A"] });
  expect(answer.data).toHaveLength(2);
  const vector = answer.data[0]?.embedding ?? [];
  expect(vector).toHaveLength(256);
  expect(Math.hypot(...vector)).toBeCloseTo(1, 4);
  const plain = await openai.embeddings.create({ model, input: "def f", encoding_format: "float" });
  const cosine = (plain.data[0]?.embedding ?? []).reduce(
    (sum, value, index) => sum + value * (vector[index] ?? 0),
    0,
  );
  expect(cosine).toBeGreaterThan(0.99);
});

test("lists the served model", async () => {
  const { openai } = shared.server;
  const models = await openai.models.list();
  expect(models.data.map(({ id }) => id)).toEqual([model]);
  expect((await openai.models.retrieve(model)).owned_by).toBe("node-codellama");
});

describe("errors", () => {
  test("reports a wrong key", async () => {
    const { url } = shared.server;
    const stranger = new OpenAI({ baseURL: `${url}/v1`, apiKey: "guess", maxRetries: 0 });
    const asking = stranger.completions.create({ model, prompt });
    await expect(asking).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
  });

  test("reports an unknown model", async () => {
    const asking = shared.server.openai.completions.create({ model: "gpt-4", prompt });
    await expect(asking).rejects.toMatchObject({
      status: 404,
      code: "UNKNOWN_MODEL",
      param: "model",
    });
  });

  test("names a field of the wrong type", async () => {
    const messages = [{ role: "user" as const, content: 5 as unknown as string }];
    const asking = shared.server.openai.chat.completions.create({ model, messages });
    await expect(asking).rejects.toMatchObject({ status: 400, param: "messages[0].content" });
  });

  test.each([
    ["/v1/completions", { prompt, logit_bias: { x: 1 } }, "logit_bias.x"],
    ["/v1/completions", { prompt, logit_bias: { "-1": 1 } }, "logit_bias.-1"],
    ["/v1/completions", { prompt, logit_bias: { "1.5": 1 } }, "logit_bias.1.5"],
    ["/v1/completions", { prompt, logit_bias: { 99999: 1 } }, "logit_bias.99999"],
    ["/v1/completions", { prompt: [1, 99999] }, "prompt[1]"],
    ["/v1/completions", { prompt: [[1], [1, 99999]] }, "prompt[1][1]"],
    ["/v1/completions", { prompt: [1, 2 ** 32 + 5] }, "prompt[1]"],
    ["/v1/embeddings", { input: [[1], [99999]] }, "input[1][0]"],
    ["/detokenize", { tokens: [99999] }, "tokens[0]"],
  ])("names a value that is not a token: %s %j", async (path, body, param) => {
    const response = await shared.server.post(path, body);
    expect(response.status).toBe(400);
    expect((await jsonOf(response)).error).toMatchObject({ code: "INVALID_ARGUMENT", param });
  });

  test("rejects top_logprobs without logprobs", async () => {
    const asked = shared.server.openai.chat.completions.create({
      ...greedy,
      messages: [{ role: "user", content: "hi" }],
      top_logprobs: 2,
    });
    await expect(asked).rejects.toMatchObject({ status: 400, param: "top_logprobs" });
  });

  test("rejects a tool_choice that names an unknown tool", async () => {
    const asked = shared.server.openai.chat.completions.create({
      ...greedy,
      messages: [{ role: "user", content: "hi" }],
      tools: [{ type: "function", function: { name: "add", parameters: {} } }],
      tool_choice: { type: "function", function: { name: "subtract" } },
    });
    await expect(asked).rejects.toMatchObject({ status: 400, param: "tool_choice" });
  });

  test("rejects a prompt that is too long, in a stream too", async () => {
    const asking = shared.server.openai.completions.create({
      model,
      prompt: "word ".repeat(5000),
      stream: true,
    });
    await expect(asking).rejects.toMatchObject({ status: 400, code: "CONTEXT_OVERFLOW" });
  });

  test("ends the generation when a client disconnects from its stream", async () => {
    const { openai, llama } = shared.server;
    const controller = new AbortController();
    const stream = await openai.completions.create(
      { model, prompt: "def f(", max_tokens: 1500, stream: true, logit_bias: { 2: -100 } },
      { signal: controller.signal },
    );
    for await (const _ of stream) break;
    controller.abort();
    await until(() => llama.stats().running === 0, "the generation ends");
  });

  test("ends the generation when a client disconnects before the answer", async () => {
    const { openai, llama } = shared.server;
    const controller = new AbortController();
    const asking = openai.completions.create(
      { model, prompt: "def f(", max_tokens: 1900, logit_bias: { 2: -100 } },
      { signal: controller.signal },
    );
    await until(() => llama.stats().running === 1, "the generation begins");
    controller.abort();
    await expect(asking).rejects.toBeInstanceOf(OpenAI.APIUserAbortError);
    await until(() => llama.stats().running === 0, "the generation ends");
  });
});
