import { describe, expect, test } from "vitest";
import tasks from "../../../models/codellama-tiny/tasks.json" with { type: "json" };
import { jsonOf, useTinyServer } from "../../helpers/server.ts";

const shared = useTinyServer({}, { contextSize: 1024 });
const prompt = tasks.completion[0]?.prompt ?? "";
const text = tasks.completion[0]?.text ?? "";
const messages = [{ role: "user", content: tasks.chat[0]?.messages.at(-1)?.content ?? "" }];
const hole = { input_prefix: "def add(a, b):\n    return", input_suffix: "\n" };
const tool = { type: "function", function: { name: "f", parameters: { type: "object" } } };
const chat = "/v1/chat/completions";
const completions = "/v1/completions";

async function answer(route: string, body: object) {
  const input = route === chat ? { messages } : route === "/infill" ? hole : { prompt };
  const response = await shared.server.post(route, { temperature: 0, ...input, ...body });
  const json = await jsonOf(response);
  expect(response.status, JSON.stringify(json)).toBe(200);
  const [choice] = json.choices ?? [];
  return {
    text: json.content ?? choice.message?.content ?? choice.text,
    tokens: json.tokens_predicted ?? json.usage.completion_tokens,
    cached: json.timings?.cache_n ?? json.usage.prompt_tokens_details.cached_tokens,
    choice,
  };
}

async function refusal(route: string, body: object) {
  const input = route === chat ? { messages } : route === "/infill" ? hole : { prompt };
  const response = await shared.server.post(route, { ...input, max_tokens: 1, ...body });
  expect(response.status).toBe(400);
  return (await jsonOf(response)).error;
}

describe("the token limit has many names", () => {
  test.each([
    [chat, { n_predict: 0 }, 0],
    [chat, { n_predict: 3 }, 3],
    [chat, { max_completion_tokens: 2 }, 2],
    [completions, { n_predict: 0 }, 0],
    [completions, { n_predict: 4 }, 4],
    [completions, { options: { num_predict: 5 } }, 5],
    ["/infill", { n_predict: 0 }, 0],
    ["/infill", { max_tokens: 2 }, 2],
  ])("%s %j: %i", async (route, body, count) => {
    expect((await answer(route, body)).tokens).toBe(count);
  });

  test.each([
    [completions, { max_tokens: -1 }],
    [completions, { max_tokens: null }],
    [completions, { n_predict: -1 }],
  ])("%s %j means no limit", async (route, body) => {
    expect(await answer(route, body)).toMatchObject({ text, choice: { finish_reason: "stop" } });
  });

  test("without a limit, a text continues until the context window is full", async () => {
    const { tokens } = await answer(completions, { max_tokens: -1, ignore_eos: true });
    expect(tokens).toBe(1024 - 14);
    const infilled = await shared.server.post("/infill", { ...hole, max_tokens: null });
    expect((await jsonOf(infilled)).stop_type).toBe("eos");
  });
});

describe("structured output has many names", () => {
  const schema = { enum: ["one"] };

  test.each([
    [{ json_schema: schema }, '"one"'],
    [{ guided_json: schema }, '"one"'],
    [{ guided_json: JSON.stringify(schema) }, '"one"'],
    [{ format: schema }, '"one"'],
    [{ structured_outputs: { json: schema } }, '"one"'],
    [{ response_format: { type: "json_schema", json_schema: { name: "x", schema } } }, '"one"'],
    [{ response_format: { type: "json_object", schema } }, '"one"'],
    [{ grammar: 'root ::= "yes"' }, "yes"],
    [{ guided_grammar: 'root ::= "yes"' }, "yes"],
    [{ guided_choice: ['yes "no"\\\n', 'yes "no"\\\n'] }, 'yes "no"\\\n'],
  ])("%j", async (body, expected) => {
    expect((await answer(chat, { max_tokens: 40, ...body })).text).toBe(expected);
    expect((await answer(completions, { max_tokens: 40, ...body })).text).toBe(expected);
  });

  test.each([chat, completions])("%s rejects two of them", async (route) => {
    const two = { grammar: 'root ::= "x"', json_schema: schema };
    expect(await refusal(route, two)).toMatchObject({ param: "json_schema" });
    const three = { guided_grammar: 'root ::= "x"', response_format: { type: "json_object" } };
    expect(await refusal(route, three)).toMatchObject({ param: "response_format" });
    const neither = { grammar: "", response_format: { type: "text" } };
    expect((await answer(route, { max_tokens: 2, ...neither })).tokens).toBe(2);
  });

  test("structured output cannot be combined with a suffix", async () => {
    const suffix = "x";
    for (const [name, value] of Object.entries({
      response_format: { type: "json_object" },
      guided_choice: ["a"],
      ignore_eos: true,
      raw: true,
    })) {
      expect(await refusal(completions, { suffix, [name]: value })).toMatchObject({ param: name });
    }
    const echoed = await refusal(completions, { suffix, echo: true, logprobs: 1 });
    expect(echoed).toMatchObject({ param: "echo" });
  });
});

describe("stop_token_ids end an answer", () => {
  test.each([chat, completions])("%s", async (route) => {
    const { llama } = shared.server;
    const free =
      route === chat
        ? await llama.chat([{ role: "user", content: messages[0]?.content ?? "" }], {
            temperature: 0,
            maxTokens: 10,
          })
        : await llama.generate(prompt, { temperature: 0, maxTokens: 10 });
    const end = free.tokens[5] ?? 0;
    const count = free.tokens.indexOf(end);
    const { tokens, choice } = await answer(route, { max_tokens: 10, stop_token_ids: [end] });
    expect(tokens).toBe(count);
    expect(choice.finish_reason).toBe("stop");
    const [field, error] = [
      "stop_token_ids[0]",
      await refusal(route, { stop_token_ids: [99_999] }),
    ];
    expect(error.param).toBe(field);
  });
});

describe("regular expressions", () => {
  test.each([
    [chat, { guided_regex: "yes|no" }],
    [completions, { regex: "(?i:YES|no)" }],
    [completions, { structured_outputs: { regex: "yes|no" } }],
  ])("%s %j is the form of the answer", async (route, body) => {
    const { text, choice } = await answer(route, body);
    expect(text).toMatch(/^(?:yes|no)$/i);
    expect(choice.finish_reason).toBe("stop");
  });

  test.each([
    [chat, { stop_regex: ["\\s*\\n"] }, /\n/],
    [completions, { stop_regex: "\\s*return" }, /return/],
    [completions, { stop: ["return"], stop_at: "function" }, /return|\ndef/],
    ["/infill", { stop_regex: ["\\n", "b"], max_tokens: 20 }, /[\nb]/],
  ])("%s %j ends the answer", async (route, body, absent) => {
    expect((await answer(route, body)).text).not.toMatch(absent);
  });

  test.each([
    [completions, { regex: "(a" }, /regex: .*unmatched \(/],
    [completions, { regex: "a", grammar: 'root ::= "a"' }, /excludes/],
    [completions, { regex: "a", suffix: "x" }, /excludes suffix/],
    [completions, { stop_regex: "a*" }, /matches the empty text/],
    [completions, { stop_regex: Array(17).fill("a") }, /stop_regex/],
    [completions, { stop_at: "end" }, /stop_at/],
    [chat, { stop_at: "dedent" }, /stopAt: "dedent"/],
    [chat, { regex: "a", tools: [tool], tool_choice: "required" }, /regex cannot be combined/],
  ])("%s %j is refused", async (route, body, message) => {
    expect((await refusal(route, body)).message).toMatch(message);
  });
});

test.each([chat, completions, "/infill"])("%s honours cache_prompt: false", async (route) => {
  const body = { max_tokens: 2 };
  await answer(route, body);
  expect((await answer(route, { ...body, cache_prompt: false })).cached).toBe(0);
  expect((await answer(route, { ...body, cache_prompt: true })).cached).toBeGreaterThan(0);
});

// Chat requests of llama.vscode, from its src/llama-server.ts.
test.each([
  [
    { n_predict: 0, samplers: [], cache_prompt: true, t_max_prompt_ms: 500, t_max_predict_ms: 1 },
    0,
  ],
  [
    {
      stream: false,
      cache_prompt: true,
      samplers: "edkypmxt",
      temperature: 0,
      dynatemp_range: 0,
      dynatemp_exponent: 1,
      top_k: 40,
      top_p: 0.95,
      min_p: 0.05,
      typical_p: 1,
      xtc_probability: 0,
      xtc_threshold: 0.1,
      repeat_last_n: 64,
      repeat_penalty: 1,
      presence_penalty: 0,
      frequency_penalty: 0,
      dry_multiplier: 0,
      dry_base: 1.75,
      dry_allowed_length: 2,
      dry_penalty_last_n: -1,
      max_tokens: -1,
      timings_per_token: false,
      stop: "\n",
    },
    undefined,
  ],
])("answers a chat request of llama.vscode: %j", async (body, count) => {
  const { tokens } = await answer(chat, body);
  if (count === undefined) expect(tokens).toBeGreaterThan(0);
  else expect(tokens).toBe(count);
});

test("names parts of a field that cannot be honoured", async () => {
  const called = { role: "assistant", content: null, function_call: { name: "f", arguments: "" } };
  const asked = await refusal(chat, { messages: [...messages, called, ...messages] });
  expect(asked).toMatchObject({ param: "messages[1].function_call" });
  const options = { include_usage: true, continuous_usage_stats: true };
  const counted = await refusal(completions, { stream: true, stream_options: options });
  expect(counted).toMatchObject({ param: "stream_options.continuous_usage_stats" });
});

test("an error names the field as the client sent it", async () => {
  expect(await refusal(chat, { max_tokens: null, n_predict: "x" })).toMatchObject({
    param: "n_predict",
    message: expect.stringContaining("n_predict"),
  });
  expect(await refusal(chat, { functions: [{ name: "f" }] })).toMatchObject({ param: "functions" });
  expect(await refusal(completions, { n_predict: 0 })).toMatchObject({ param: "n_predict" });
  expect(await refusal("/infill", { lora: [{ id: 3, scale: 1 }] })).toMatchObject({
    param: "lora",
  });
});
