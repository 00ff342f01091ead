import { modelPath } from "codellama-tiny";
import { describe, expect, test } from "vitest";
import { CodeLlama } from "../../../lib/index.ts";
import {
  piece,
  sendEvents,
  sendJson,
  startForeignServer,
  withModels,
} from "../../helpers/foreign-server.ts";
import {
  anEvent,
  eventStream,
  failing,
  failureOf,
  generating,
  json,
} from "../../helpers/hostile-answers.ts";

// Each call must settle with a typed error or a result, and the connection must be closed.

describe("a remote that sends wrong values", () => {
  const choice = (fields: object) => ({ choices: [{ text: "a", ...fields }] });

  test.each<[string, object]>([
    ["a number as text", choice({ text: 1 })],
    ["an object as text", choice({ text: {} })],
    ["choices that are an object", { choices: { 0: piece("a") } }],
    ["choices of numbers", { choices: [1, 2, 3] }],
    ["a choice that is null", { choices: [null] }],
    ["an array as the event", [piece("a")]],
    ["a finish reason that is a number", choice({ finish_reason: 1 })],
    ["token ids that are strings", choice({ token_ids: ["1"] })],
    ["a negative token id", choice({ token_ids: [-1] })],
    ["a fractional token id", choice({ token_ids: [0.5] })],
    ["a token id beyond any vocabulary", choice({ token_ids: [2 ** 40] })],
    ["negative usage", { ...piece("a"), usage: { prompt_tokens: -1, completion_tokens: -5 } }],
    ["absurd usage", { ...piece("a"), usage: { prompt_tokens: 1, completion_tokens: 1e15 } }],
    ["fractional usage", { ...piece("a"), usage: { prompt_tokens: 0.5 } }],
    ["usage as text", { ...piece("a"), usage: { prompt_tokens: "three" } }],
    [
      "negative cached tokens",
      { ...piece("a"), usage: { prompt_tokens_details: { cached_tokens: -7 } } },
    ],
  ])("fails with REMOTE_FAILED: %s", async (_, event) => {
    const error = await failing((response) => sendEvents(response, [event, "[DONE]"]));
    expect(error.code).toBe("REMOTE_FAILED");
    expect(error.message).toContain("/v1/completions returned an unexpected answer");
  });

  test("fails for tokens and log-probabilities outside the vocabulary", async () => {
    const logprobs = (name: string) =>
      choice({ logprobs: { tokens: [name], token_logprobs: [-1], top_logprobs: [{}] } });
    for (const event of [
      choice({ token_ids: [2 ** 30] }),
      logprobs("token_id:1073741824"),
      logprobs("token_id:-1"),
      logprobs("constructor"),
      choice({ logprobs: { tokens: ["token_id:1"], token_logprobs: ["x"] } }),
      choice({ logprobs: { tokens: [{}], token_logprobs: [-1] } }),
    ]) {
      const error = await failing(
        (response) =>
          response.req.url === "/tokenize"
            ? sendJson(response, {}, 404)
            : sendEvents(response, [event, "[DONE]"]),
        { tokenizer: modelPath },
        { logprobs: 1 },
      );
      expect(error.code).toBe("REMOTE_FAILED");
      expect(error.message).toContain("unexpected answer");
    }
  });

  test("cannot report more cached tokens than the prompt has, or more new ones than maxTokens", async () => {
    const usage = {
      prompt_tokens: 3,
      completion_tokens: 900,
      prompt_tokens_details: { cached_tokens: 500 },
    };
    const result = await generating(
      (response) => sendEvents(response, [{ ...piece("a", "stop"), usage }, "[DONE]"]),
      async (llama) => await llama.generate("x", { maxTokens: 5 }),
    );
    expect(result.usage).toMatchObject({ promptTokens: 3, cachedTokens: 3, completionTokens: 5 });
  });

  test.each(["constructor", "__proto__", "toString", "hasOwnProperty"])(
    "can use %s as owner and as finish reason without effect",
    async (name) => {
      await using server = await startForeignServer(
        withModels(name, ({ path }, response) => {
          if (path === "/info") sendJson(response, {}, 404);
          else sendEvents(response, [piece("a", name), "[DONE]"]);
        }),
      );
      await using llama = await CodeLlama.connect(server.url);
      const { text, finishReason } = await llama.generate("x", { maxTokens: 5 });
      expect({ text, finishReason }).toEqual({ text: "a", finishReason: "stop" });
    },
  );

  test.each<[string, object]>([
    ["an id that is a number", { id: 5 }],
    ["an id of half a megabyte", { id: "x".repeat(2 ** 19) }],
    ["a negative context window", { max_model_len: -1 }],
    ["an absurd context window", { max_model_len: 1e300 }],
    ["facts that are a string", { meta: "x" }],
    ["a context window as text", { meta: { n_ctx: "many" } }],
    ["capabilities that are numbers", { meta: { capabilities: { infill: 1 } } }],
    ["an unknown kind of Code Llama", { meta: { capabilities: { codeLlama: "constructor" } } }],
    ["aliases that are numbers", { aliases: [1] }],
  ])("fails connect() with a description that has %s", async (_, model) => {
    await using server = await startForeignServer(withModels("vllm", () => {}, model));
    const error = await failureOf(CodeLlama.connect(server.url));
    expect(error.code).toBe("REMOTE_FAILED");
    expect(error.message).toContain("unexpected answer");
  });

  test("reports an unknown context window with 0 tokens", async () => {
    await using server = await startForeignServer(
      withModels("vllm", () => {}, { max_model_len: 0 }),
    );
    await using llama = await CodeLlama.connect(server.url);
    expect(llama.contextSize).toBe(Number.POSITIVE_INFINITY);
  });

  test("fails for bytes that are not UTF-8", async () => {
    const event = Buffer.from(anEvent(piece("caf?")));
    event[event.indexOf("?")] = 0xe9;
    const streamed = await failing((response) => response.writeHead(200, eventStream).end(event));
    expect(streamed).toMatchObject({ code: "REMOTE_FAILED" });
    expect(streamed.message).toContain("not UTF-8");
    await using server = await startForeignServer((_, response) => {
      response.writeHead(200, json).end(Buffer.from('{"data":[{"id":"\xe9"}]}', "latin1"));
    });
    expect((await failureOf(CodeLlama.connect(server.url))).message).toContain("not UTF-8");
  });

  test("fails for embeddings of an unexpected form", async () => {
    for (const data of [
      [],
      [{ embedding: [] }],
      [{ embedding: [1e300] }],
      [{ embedding: ["a"] }],
      [{ embedding: {} }],
      7,
      [1, 2],
    ]) {
      const error = await generating(
        (response) => sendJson(response, { data }),
        (llama) => failureOf(llama.embed("x")),
      );
      expect(error).toMatchObject({ code: "REMOTE_FAILED" });
    }
  });
});
