import type OpenAI from "openai";
import { describe, expect, test } from "vitest";
import { CodeLlama } from "../../../lib/index.ts";
import { useTinyServer } from "../../helpers/server.ts";
import { modelPath } from "../../helpers/tiny-model.ts";

const shared = useTinyServer();
const model = "codellama-tiny";
const woman = [240, 159, 145, 169];

describe("tokens that hold a part of a character", () => {
  test.each([false, true])("have bytes in the logprobs of a chat, stream: %j", async (stream) => {
    const { openai } = shared.server;
    const request = {
      model,
      messages: [{ role: "user" as const, content: "Hi" }],
      logprobs: true,
      top_logprobs: 1,
      grammar: 'root ::= "👩"',
    };
    const logprobs: OpenAI.ChatCompletionTokenLogprob[] = [];
    if (stream) {
      for await (const { choices } of await openai.chat.completions.create({
        ...request,
        stream: true,
      })) {
        logprobs.push(...(choices[0]?.logprobs?.content ?? []));
      }
    } else {
      const { choices } = await openai.chat.completions.create(request);
      logprobs.push(...(choices[0]?.logprobs?.content ?? []));
    }
    expect(logprobs.map(({ bytes }) => bytes)).toEqual(woman.map((byte) => [byte]));
  });

  test("are followed by text offsets that match the echoed text", async () => {
    const prompt = "👩\u200D👩 abc";
    const { choices } = await shared.server.openai.completions.create({
      model,
      prompt,
      echo: true,
      logprobs: 1,
      max_tokens: 1,
    });
    const { text = "", logprobs } = choices[0] ?? {};
    const { tokens = [], text_offset: offsets = [] } = logprobs ?? {};
    const place = tokens.findIndex((token) => token.startsWith(" a"));
    expect(offsets[place]).toBe(prompt.indexOf(" abc"));
    expect(offsets.at(-1)).toBe(prompt.length);
    expect(text.slice(0, prompt.length)).toBe(prompt);
    expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
  });

  test("keep the text offsets of a stream correct, also when text is held back", async () => {
    const { openai } = shared.server;
    const request = {
      model,
      prompt: "x",
      logprobs: 1,
      temperature: 0,
      grammar: 'root ::= "👩stops"',
      stop: ["stopped"],
    };
    const { choices } = await openai.completions.create(request);
    const streamed: number[] = [];
    for await (const event of await openai.completions.create({ ...request, stream: true })) {
      streamed.push(...(event.choices[0]?.logprobs?.text_offset ?? []));
    }
    expect(choices[0]?.text).toBe("👩stops");
    expect(choices[0]?.logprobs?.text_offset?.slice(0, 5)).toEqual([0, 0, 0, 0, 2]);
    expect(streamed).toEqual(choices[0]?.logprobs?.text_offset);
  });

  test("have bytes in the answer of a remote engine too", async () => {
    await using remote = await CodeLlama.connect(shared.server.url, { tokenizer: modelPath });
    const { logprobs = [] } = await remote.generate("x", { grammar: 'root ::= "👩"', logprobs: 0 });
    expect(logprobs.map(({ bytes }) => [...(bytes ?? [])])).toEqual(woman.map((byte) => [byte]));
  });
});
