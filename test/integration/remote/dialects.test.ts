import { modelPath } from "codellama-tiny";
import { describe, expect, test } from "vitest";
import { CodeLlama, type ConnectOptions, type GenerateOptions } from "../../../lib/index.ts";
import {
  type ForeignServer,
  piece,
  sendEvents,
  sendJson,
  startForeignServer,
  withModels,
} from "../../helpers/foreign-server.ts";

// Requests to servers that cannot run here. The expected bodies follow their documentation.

const events = [piece("yes"), piece("", "stop"), "[DONE]"];

function startServer(owner: string, model: object = {}): Promise<ForeignServer> {
  const answer = withModels(
    owner,
    ({ path }, response) => {
      if (path === "/info" && owner === "an-author") {
        return sendJson(response, { model_id: "some-model", max_total_tokens: 100 });
      }
      if (path === "/info" || path === "/tokenize") return sendJson(response, {}, 404);
      sendEvents(response, events);
    },
    model,
  );
  return startForeignServer(answer);
}

async function bodyOf(
  owner: string,
  options: GenerateOptions,
  { prompt = "def f(", ...connect }: ConnectOptions & { prompt?: string | Int32Array } = {},
) {
  await using server = await startServer(owner, { max_model_len: 100 });
  await using llama = await CodeLlama.connect(server.url, connect);
  expect((await llama.generate(prompt, options)).text).toBe("yes");
  return server.seen.at(-1)?.body;
}

describe("vLLM", () => {
  test("gets tokens, and the options under its own field names", async () => {
    const prompt = Int32Array.of(1, 822, 285);
    const body = await bodyOf(
      "vllm",
      {
        temperature: 0,
        repeatPenalty: 1.1,
        minP: 0.1,
        seed: 5,
        stop: "\n",
        ignoreEos: true,
        logitBias: { 5: Number.NEGATIVE_INFINITY, 6: 2 },
        jsonSchema: { type: "object" },
      },
      { prompt },
    );
    expect(body).toEqual({
      model: "some-model",
      prompt: [1, 822, 285],
      stream: true,
      stream_options: { include_usage: true },
      max_tokens: 97,
      temperature: 0,
      top_p: 0.95,
      top_k: -1,
      min_p: 0.1,
      repetition_penalty: 1.1,
      frequency_penalty: 0,
      presence_penalty: 0,
      seed: 5,
      stop: ["\n"],
      ignore_eos: true,
      logit_bias: { 5: -100, 6: 2 },
      response_format: {
        type: "json_schema",
        json_schema: { name: "answer", schema: { type: "object" }, strict: true },
      },
      return_token_ids: true,
    });
  });

  test.each<[string, GenerateOptions]>([
    ["grammar", { grammar: 'root ::= "a"' }],
    ["regex", { regex: /a/i }],
    ["typicalP", { typicalP: 0.5 }],
    ["dry", { dry: { multiplier: 1 } }],
    ["xtc", { xtc: { probability: 0.5 } }],
    ["mirostat", { mirostat: { version: 2 } }],
    ["priority", { priority: "interactive" }],
    ["repetition", { repetition: { maxRepeats: 5 } }],
    ["penaltyLastN", { penaltyLastN: 10 }],
    ["tokenHealing", { tokenHealing: true }],
    ["logitBias", { logitBias: { 5: 1000 } }],
  ])("rejects an option that it does not support: %s", async (name, options) => {
    await using server = await startServer("vllm");
    await using llama = await CodeLlama.connect(server.url);
    await expect(llama.generate("x", options)).rejects.toMatchObject({
      code: "CAPABILITY_MISSING",
      message: expect.stringContaining(`${name}: vLLM`),
    });
    expect(server.seen).toHaveLength(1);
  });

  test("gets a regular expression without flags", async () => {
    const body = await bodyOf("vllm", { regex: /a+/ });
    expect(body).toMatchObject({ structured_outputs: { regex: "a+" } });
  });

  test("accepts an unsupported option with a value that changes nothing", async () => {
    const body = await bodyOf("vllm", { typicalP: 1, priority: "normal", maxTokens: 3 });
    expect(body).toMatchObject({ prompt: "def f(", max_tokens: 3 });
  });

  test("gets Code Llama's end token of an infill", async () => {
    await using server = await startServer("vllm");
    await using llama = await CodeLlama.connect(server.url, {
      tokenizer: modelPath,
      model: "some-model",
    });
    const { text } = await llama.infill({ prefix: "def f(", suffix: ")" });
    expect(text).toBe("yes");
    // vLLM has no token healing, so inside a line the prefix comes first.
    expect(server.seen.at(-1)?.body).toMatchObject({
      stop_token_ids: [2, 32010],
      prompt: [1, 32007, 822, 285, 29898, 32008, 29897, 32009],
    });
  });
});

describe("TGI", () => {
  const connected = async (server: ForeignServer) =>
    CodeLlama.connect(server.url, { tokenizer: modelPath });

  test("gets text in Meta's layout", async () => {
    await using server = await startServer("an-author");
    await using llama = await connected(server);
    expect(llama.contextSize).toBe(100);
    await llama.infill({ prefix: "def f(", suffix: "):\n" }, { order: "psm", maxTokens: 5 });
    expect(server.seen.at(-1)?.body).toMatchObject({
      prompt: "<PRE> def f( <SUF>):\n <MID>",
      max_tokens: 5,
    });
    const system = { role: "system", content: "Be brief." } as const;
    await llama.chat([system, { role: "user", content: "Hi" }], { maxTokens: 5, topP: 1 });
    const body = server.seen.at(-1)?.body;
    expect(body?.prompt).toBe("[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST]");
    expect(body).not.toHaveProperty("top_p");
  });

  test("rejects a prompt whose text would encode to other tokens", async () => {
    await using server = await startServer("an-author");
    await using llama = await connected(server);
    await expect(llama.generate("a </s> b", { maxTokens: 5 })).rejects.toMatchObject({
      code: "CAPABILITY_MISSING",
      message: expect.stringContaining("TGI accepts only text prompts"),
    });
    await expect(
      llama.infill({ prefix: "def f(x):\n    ", suffix: '"""' }, { order: "psm" }),
    ).rejects.toMatchObject({ code: "CAPABILITY_MISSING" });
  });

  test("rejects a prompt of tokens without a tokenizer", async () => {
    await using server = await startServer("an-author");
    await using llama = await CodeLlama.connect(server.url);
    await expect(llama.generate(Int32Array.of(1, 2), { maxTokens: 5 })).rejects.toMatchObject({
      code: "CAPABILITY_MISSING",
    });
  });
});

describe("any other server with OpenAI's API", () => {
  test("gets only OpenAI's fields", async () => {
    const body = await bodyOf("somebody", { maxTokens: 5, temperature: 0.5 });
    expect(Object.keys(body ?? {}).toSorted()).toEqual([
      "frequency_penalty",
      "max_tokens",
      "model",
      "presence_penalty",
      "prompt",
      "seed",
      "stream",
      "stream_options",
      "temperature",
      "top_p",
    ]);
  });

  test("requires maxTokens, because it has a default of its own", async () => {
    await using server = await startServer("somebody");
    await using llama = await CodeLlama.connect(server.url);
    await expect(llama.generate("x")).rejects.toMatchObject({
      code: "CAPABILITY_MISSING",
      message: expect.stringContaining("maxTokens"),
    });
  });

  test("gets any model name if it does not list models", async () => {
    await using server = await startForeignServer(({ path }, response) => {
      if (path.includes("models") || path === "/info") return sendJson(response, {}, 404);
      sendEvents(response, events);
    });
    await using llama = await CodeLlama.connect(server.url, { model: "mine" });
    await llama.generate("x", { maxTokens: 1 });
    expect(server.seen.at(-1)?.body.model).toBe("mine");
  });

  test("gets dialogs as messages", async () => {
    await using server = await startForeignServer(
      withModels("somebody", ({ path }, response) => {
        if (path === "/info") return sendJson(response, {}, 404);
        sendEvents(response, [
          { choices: [{ delta: { role: "assistant" } }] },
          { choices: [{ delta: { content: " Hello" } }] },
          { choices: [{ delta: {}, finish_reason: "length" }] },
          { choices: [], usage: { prompt_tokens: 7, completion_tokens: 2 } },
          "[DONE]",
        ]);
      }),
    );
    await using llama = await CodeLlama.connect(server.url);
    const messages = [{ role: "user", content: "Hi" }] as const;
    const result = await llama.chat(messages, { maxTokens: 2 });
    expect(result).toMatchObject({
      text: "Hello",
      finishReason: "length",
      usage: { promptTokens: 7, completionTokens: 2 },
    });
    expect(server.seen.at(-1)).toMatchObject({
      path: "/v1/chat/completions",
      body: { messages, temperature: 0.6, top_p: 0.9 },
    });
  });
});

test("recognises a base Code Llama by its name and disables chat", async () => {
  await using server = await startForeignServer(({ path }, response) => {
    if (path === "/v1/models") {
      return sendJson(response, { data: [{ id: "codellama/CodeLlama-7b-hf", owned_by: "vllm" }] });
    }
    sendJson(response, {}, 404);
  });
  await using llama = await CodeLlama.connect(server.url);
  expect(llama.capabilities).toMatchObject({ chat: false, codeLlama: "base", infill: false });
  expect(() => llama.infill("a <FILL_ME>")).toThrow(/tokenizer/);
});

describe("tool calls of a remote appear in the text as models write them", () => {
  const delta = (tool_calls: object[], finish: string | null = null) => ({
    choices: [{ delta: { tool_calls }, finish_reason: finish }],
  });
  const call = (index: number | undefined, name: string | undefined, json: string | undefined) => ({
    ...(index !== undefined && { index }),
    id: "call",
    type: "function",
    function: {
      ...(name !== undefined && { name }),
      ...(json !== undefined && { arguments: json }),
    },
  });
  const end = { choices: [{ delta: {}, finish_reason: "tool_calls" }] };
  const first = '<tool_call>\n{"name": "f", "arguments": {"a": 1}}\n</tool_call>';
  const second = '<tool_call>\n{"name": "g\\"", "arguments": {}}\n</tool_call>';

  const chatWith = async (events: readonly object[]) => {
    await using server = await startForeignServer(
      withModels("vllm", (_, response) => sendEvents(response, [...events, "[DONE]"])),
    );
    await using llama = await CodeLlama.connect(server.url);
    const tools = [{ type: "function", function: { name: "f" } }];
    return await llama.chat([{ role: "user", content: "Hi" }], { tools });
  };

  test.each<[string, readonly object[], string]>([
    [
      "in pieces",
      [
        delta([call(0, "f", "")]),
        delta([call(0, undefined, '{"a":')]),
        delta([call(0, undefined, " 1}")]),
        end,
      ],
      first,
    ],
    ["whole, without an index", [delta([call(undefined, "f", '{"a": 1}')], "tool_calls")], first],
    [
      "several, one without arguments",
      [delta([call(0, "f", '{"a": 1}'), call(1, 'g"', undefined)]), end],
      `${first}\n${second}`,
    ],
    [
      "after a text",
      [{ choices: [{ delta: { content: "I look. " } }] }, delta([call(0, "f", '{"a": 1}')]), end],
      `I look. ${first}`,
    ],
  ])("%s", async (_, events, text) => {
    expect(await chatWith(events)).toMatchObject({ text, finishReason: "stop" });
  });

  test.each<[string, object]>([
    ["no name", delta([call(0, undefined, "{}")])],
    ["a call that is not an object", delta([7 as unknown as object])],
    ["arguments that are not a string", delta([{ function: { name: "f", arguments: {} } }])],
  ])("reject an answer with %s", async (_, event) => {
    await expect(chatWith([event, end])).rejects.toMatchObject({ code: "REMOTE_FAILED" });
  });
});

test("rejects a prompt that is too long for one request before it sends anything", async () => {
  await using server = await startForeignServer(withModels("vllm", () => {}));
  await using llama = await CodeLlama.connect(server.url);
  const half = "\0".repeat(2 ** 23 + 1);
  for (const work of [
    () => llama.generate("\0".repeat(2 ** 27)),
    () =>
      llama.chat([
        { role: "system", content: half },
        { role: "user", content: half },
      ]),
  ]) {
    const refused = work().then(() => "done");
    await expect(refused).rejects.toMatchObject({ code: "CONTEXT_OVERFLOW" });
  }
  expect(server.seen.length).toBe(1);
});
