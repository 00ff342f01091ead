import { describe, expect, test } from "vitest";
import { insideBlock } from "../../../lib/server/answers/block.ts";
import tasks from "../../../models/codellama-tiny/tasks.json" with { type: "json" };
import { jsonOf, useTinyServer } from "../../helpers/server.ts";

const shared = useTinyServer();

// A request of llama.vim (autoload/llama.vim, s:fim): the lines above, the line up to the cursor, the
// lines below, and the wanted response fields.
const fromVim = {
  id_slot: 0,
  input_prefix: "def add(a, b):\n",
  input_suffix: "\n",
  input_extra: [{ text: "def zero():\n    return 0\n", time: 1, filename: "zero.py" }],
  prompt: "    return",
  n_predict: 16,
  stop: [],
  n_indent: 0,
  top_k: 1,
  top_p: 0.9,
  stream: false,
  samplers: ["top_k", "top_p", "infill"],
  cache_prompt: true,
  t_max_prompt_ms: 500,
  t_max_predict_ms: 1000,
  response_fields: [
    "content",
    "timings/prompt_n",
    "timings/prompt_ms",
    "timings/predicted_n",
    "timings/predicted_per_second",
    "truncated",
    "tokens_cached",
  ],
};

async function infill(body: object) {
  const response = await shared.server.post("/infill", body);
  expect(response.status).toBe(200);
  return jsonOf(response);
}

describe("llama.vim", () => {
  test("gets the requested fields under flat names", async () => {
    const answer = await infill(fromVim);
    expect(Object.keys(answer).sort()).toEqual([...fromVim.response_fields].sort());
    expect(answer.content.length).toBeGreaterThan(0);
    expect(answer["timings/predicted_n"]).toBeGreaterThan(0);
  });

  test("warms the prefix cache for its next request", async () => {
    const body = { ...fromVim, input_prefix: "def later(first, second, third):\n" };
    const warmUp = { ...body, n_predict: 0, samplers: [], response_fields: [""] };
    expect(await infill(warmUp)).toEqual({});
    const { timings } = await infill({ ...body, response_fields: undefined });
    expect(timings.cache_n).toBeGreaterThan(timings.prompt_n);
  });

  test("the line up to the cursor joins the lines above as text", async () => {
    const { prompt, input_prefix, ...rest } = { ...fromVim, input_extra: [] };
    const apart = await infill({ ...rest, input_prefix, prompt, response_fields: undefined });
    const joined = await infill({ ...rest, input_prefix: input_prefix + prompt });
    expect(apart.content).toBe(joined.content);
    const { llama } = shared.server;
    const exact = llama.encodeInfill({ prefix: input_prefix + prompt, suffix: "\n" });
    // Token healing removes the last token of the prefix.
    expect(exact.length - apart.tokens_evaluated).toBeLessThanOrEqual(1);
  });
});

test("llama.vscode gets the number of answers that it requests", async () => {
  const answers = await infill({
    ...fromVim,
    model: "codellama-tiny",
    n_cmpl: 2,
    top_p: 0.99,
    t_max_predict_ms: 2500,
    response_fields: ["content"],
  });
  expect(answers).toHaveLength(2);
  expect(answers[0]).toEqual({ content: expect.any(String) });
});

test("fills a known hole, with and without streaming", async () => {
  const hole = tasks.infill.find(({ order }) => order === "suffix-prefix-middle");
  if (hole === undefined) throw new Error("the model knows no infill of this order");
  const body = { input_prefix: hole.prefix, input_suffix: hole.suffix, temperature: 0 };
  const whole = await infill(body);
  expect(whole).toMatchObject({ content: hole.middle, stop: true, stop_type: "eos" });
  const response = await shared.server.post("/infill", { ...body, stream: true });
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  const events = (await response.text())
    .split("\n\n")
    .filter((line) => line.startsWith("data: {"))
    .map((line) => JSON.parse(line.slice(6)));
  expect(events.map(({ content }) => content).join("")).toBe(hole.middle);
  expect(events.map(({ stop }) => stop)).toEqual([...events.slice(1).map(() => false), true]);
});

describe("llama.cpp's fields", () => {
  const hole = { input_prefix: "def add(a, b):\n    return", input_suffix: "\n" };
  const greedy = { ...hole, temperature: 0, n_predict: 8 };
  const refusal = async (body: object) => {
    const response = await shared.server.post("/infill", body);
    expect(response.status).toBe(400);
    return (await jsonOf(response)).error;
  };

  test.each([
    ["grammar", 'root ::= "x"'],
    ["json_schema", {}],
    ["n_probs", 2],
    ["ignore_eos", true],
  ])("rejects %s by name instead of ignoring it", async (name, value) => {
    expect(await refusal({ ...hole, [name]: value })).toMatchObject({
      code: "INVALID_ARGUMENT",
      param: name,
      message: expect.stringContaining(name),
    });
  });

  test("accepts fields with values that have no effect", async () => {
    const { content } = await infill(greedy);
    const nothing = { grammar: "", json_schema: null, n_probs: 0, ignore_eos: false };
    expect((await infill({ ...greedy, ...nothing })).content).toBe(content);
  });

  test("accepts max_tokens in place of n_predict, but not both", async () => {
    const { n_predict, ...free } = greedy;
    expect((await infill({ ...free, max_tokens: 2 })).timings.predicted_n).toBe(2);
    const both = await refusal({ ...free, max_tokens: 2, n_predict: 3 });
    expect(both).toMatchObject({ param: "n_predict" });
    expect((await infill({ ...free, max_tokens: -1 })).stop_type).toBe("eos");
  });

  test("a negative temperature counts as 0", async () => {
    const { content } = await infill(greedy);
    for (let i = 0; i < 3; i++) {
      expect((await infill({ ...greedy, temperature: -1 })).content).toBe(content);
    }
  });

  test("repeat_last_n: -1 covers the whole context window, also on other routes", async () => {
    const penalty = { repeat_penalty: 100, temperature: 0, max_tokens: 20 };
    const prompt = `${"a = b + c\n".repeat(30)}def add(a, b):\n    return`;
    const answerOf = async (route: string, body: object) => {
      const response = await shared.server.post(route, { ...penalty, ...body });
      expect(response.status).toBe(200);
      return jsonOf(response);
    };
    const whole = await answerOf("/infill", { input_prefix: prompt, repeat_last_n: -1 });
    const far = await answerOf("/infill", { input_prefix: prompt, repeat_last_n: 2000 });
    const none = await answerOf("/infill", { input_prefix: prompt, repeat_last_n: 0 });
    expect(whole.content).toBe(far.content);
    expect(whole.content).not.toBe(none.content);
    const [completion, same] = await Promise.all(
      [-1, 2000].map((last) => answerOf("/v1/completions", { prompt, repeat_last_n: last })),
    );
    expect(completion.choices[0].text).toBe(same.choices[0].text);
  });

  test("logit_bias can be a list, and false forbids a token", async () => {
    const { llama } = shared.server;
    // Token healing fixes the first token.
    const [, second = 0] = (
      await llama.infill({ prefix: hole.input_prefix, suffix: "\n" }, { temperature: 0 })
    ).tokens;
    const plain = await infill(greedy);
    for (const value of [false, -100]) {
      const forbidden = await infill({ ...greedy, logit_bias: [[second, value]] });
      expect(forbidden.content, `${value}`).not.toBe(plain.content);
    }
    expect((await infill({ ...greedy, logit_bias: [[second, 100]] })).content).toBe(
      (await infill({ ...greedy, logit_bias: { [second]: 100 } })).content,
    );
  });

  test.each([
    [[[15, true]], "logit_bias[0][1]"],
    [
      [
        [15, 1],
        ["x", 1],
      ],
      "logit_bias[1][0]",
    ],
    [[[99_999, 1]], "logit_bias[0][0]"],
    [[[1, 101]], "logit_bias[0][1]"],
    [[15], "logit_bias[0]"],
    [5, "logit_bias"],
  ])("rejects logit_bias %j and names %s", async (bias, param) => {
    expect(await refusal({ ...hole, logit_bias: bias })).toMatchObject({ param });
  });

  test("rejects a body without any text field", async () => {
    for (const body of [{}, { input_prefix: null, n_predict: 4 }]) {
      expect(await refusal(body)).toMatchObject({ param: "input_prefix" });
    }
    for (const body of [{ input_prefix: "" }, { prompt: "x" }, { input_extra: [] }]) {
      expect(await infill({ ...body, n_predict: 1 })).toHaveProperty("content");
    }
  });
});

describe("n_indent keeps text inside a block", () => {
  test.each([
    ["a\n    b\nc", 4, 7, true],
    ["a\n    b\n", 4, 7, false],
    ["a\n    b\n\n  \n", 4, 7, false],
    ["a\n\n    b", 4, 8, false],
    ["a\n  b", 4, 1, true],
    ["a\n\tb", 1, 4, false],
    ["", 4, 0, false],
  ])("%j by %i columns", (text, columns, length, ended) => {
    expect(insideBlock(text, columns)).toEqual({ length, ended });
  });

  test("ends the answer at the end of the block", async () => {
    const body = {
      input_prefix: "def fibonacci(n: int) -> int:\n",
      input_suffix: "",
      temperature: 0,
      n_predict: 100,
    };
    const free = (await infill(body)).content as string;
    const bound = (await infill({ ...body, n_indent: 8 })).content as string;
    expect(bound.length).toBeLessThan(free.length);
    expect(free.startsWith(bound)).toBe(true);
  });
});

test("tokenizes, detokenizes and renders the prompt of a dialog", async () => {
  const { post, llama } = shared.server;
  const ask = async (path: string, body: object) => jsonOf(await post(path, body));
  const { tokens } = await ask("/tokenize", { content: "def f", add_special: true });
  expect(tokens).toEqual([...llama.tokenize("def f", { bos: true })]);
  expect(await ask("/detokenize", { tokens: tokens.slice(1) })).toEqual({ content: "def f" });
  const pieces = await ask("/tokenize", { content: "def f", with_pieces: true });
  expect(pieces.tokens).toEqual([
    { id: 822, piece: " def" },
    { id: 285, piece: " f" },
  ]);
  const parts = await ask("/tokenize", { content: "👩", with_pieces: true });
  expect(parts.tokens.map(({ piece }: { piece: unknown }) => piece)).toEqual([
    " ",
    [240],
    [159],
    [145],
    [169],
  ]);
  const messages = [{ role: "user", content: "Hi" }];
  expect((await ask("/apply-template", { messages })).prompt).toContain("[INST] Hi [/INST]");
});
