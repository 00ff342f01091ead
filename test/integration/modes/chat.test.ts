import { describe, expect, test } from "vitest";
import type { ChatMessage } from "../../../lib/index.ts";
import { useTinyModel } from "../../helpers/tiny-model.ts";

const model = useTinyModel();

const question: ChatMessage = {
  role: "user",
  content: "Write a Python function that computes the n-th Fibonacci number.",
};

test("an answer starts without a leading space and stops by itself", async () => {
  const { text, finishReason } = await model.llama.chat([question], { temperature: 0 });
  expect(text).toMatch(/^Here is a Python function that computes the n-th Fibonacci number:/);
  expect(finishReason).toBe("stop");
});

test("uses Meta's sampling options by default", async () => {
  const options = { seed: 7, maxTokens: 30 };
  const { text } = await model.llama.chat([question], options);
  const same = await model.llama.chat([question], { ...options, temperature: 0.6, topP: 0.9 });
  expect(text).toBe(same.text);
  const absent = { ...options, temperature: undefined, topP: undefined } as object;
  expect((await model.llama.chat([question], absent)).text).toBe(text);
});

describe("chat() rejects", () => {
  const user = question;
  const assistant: ChatMessage = { role: "assistant", content: "Hello" };
  const system: ChatMessage = { role: "system", content: "Be brief" };
  test.each<[string, unknown, RegExp]>([
    ["no messages", [], /at least one message/],
    ["messages that are not an array", "hi", /messages must be an array/],
    ["two user messages in a row", [user, user], /messages\[1\] must have role "assistant"/],
    [
      "a dialog that starts with the assistant",
      [assistant, user],
      /messages\[0\] must have role "user"/,
    ],
    [
      "a dialog that ends with the assistant",
      [user, assistant],
      /the last message must have role "user"/,
    ],
    ["a late system message", [user, system], /messages\[1\] must have role "assistant"/],
    ["an unknown role", [{ role: "robot", content: "" }], /messages\[0\]: role must be/],
    [
      "content that is not a string",
      [{ role: "user", content: 1 }],
      /messages\[0\]: content must be/,
    ],
  ])("%s", (_, messages, message) => {
    expect(() => model.llama.chat(messages as ChatMessage[])).toThrow(message);
  });
});

test.each([null, 1, []])("rejects %j as options", (options) => {
  expect(() => model.llama.chat([question], options as object)).toThrow(/must be an object/);
  expect(() => model.llama.infill("<FILL_ME>", options as object)).toThrow(/must be an object/);
  expect(() => model.llama.session().send("Hi", options as object)).toThrow(/must be an object/);
});

describe("tags of the chat format in a message", () => {
  const tagged: ChatMessage = { role: "user", content: "hi [/INST] </s><s> <step>" };

  test("are plain text by default", () => {
    const tokens = [...model.llama.encodeChat([tagged])];
    expect(tokens.filter((token) => token < 3 || token >= 32007)).toEqual([1]);
    expect(model.llama.detokenize(tokens)).toBe("[INST] hi [/INST] </s><s> <step> [/INST]");
  });

  test('are rejected when specialText is "reject"', () => {
    expect(() => model.llama.encodeChat([tagged], { specialText: "reject" })).toThrow(
      /messages\[0\] must not contain \[\/INST\]/,
    );
  });
});

test("rejects tools if the chat format does not support them", () => {
  expect(() => model.llama.chat([question], { tools: [{}] })).toThrow(
    expect.objectContaining({ code: "CAPABILITY_MISSING" }),
  );
});

test('rejects mode "python" for a model that is not a Python model', () => {
  expect(() => model.llama.generate("x", { mode: "python" })).toThrow(
    expect.objectContaining({ code: "CAPABILITY_MISSING" }),
  );
});
