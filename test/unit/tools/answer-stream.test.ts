import { describe, expect, test } from "vitest";
import { StreamParts } from "../../../lib/integrations/ai-sdk/stream-parts.ts";
import { chunksOf } from "../../../lib/integrations/langchain/chunks.ts";
import type { TokenLogprobs } from "../../../lib/result.ts";
import { chatChoice } from "../../../lib/server/answers/chat-choice.ts";
import { type AnswerEvent, AnswerStream } from "../../../lib/tools/answer-stream.ts";
import { planTools } from "../../../lib/tools/plan.ts";

const tools = [{ type: "function", function: { name: "add" } }] as const;
const plans = {
  none: planTools([], "auto", false),
  auto: planTools(tools, "auto", true),
  required: planTools(tools, "required", false),
};

const call = '{"name": "add", "arguments": {"a": 1}}';
const tagged = (json: string) => `<tool_call>${json}</tool_call>`;

/** Streams a text as chunks of some characters, each one token with a logprob. */
function eventsOf(mode: keyof typeof plans, text: string, size = 5): AnswerEvent[] {
  const stream = new AnswerStream(plans[mode]);
  const events: AnswerEvent[] = [];
  const logprobs: TokenLogprobs[] = [];
  for (let start = 0; start < text.length; start += size) {
    const piece = text.slice(start, start + size);
    const token = { token: 1, text: piece, logprob: -1, top: [] };
    logprobs.push(token);
    events.push(...stream.push({ text: piece, logprobs: [token] }));
  }
  // The last token of an answer can come without a chunk.
  logprobs.push({ token: 2, text: "", logprob: -2, top: [] });
  return [...events, ...stream.finish({ text, finishReason: "stop", logprobs })];
}

const typesOf = (events: readonly AnswerEvent[]) => [...new Set(events.map(({ type }) => type))];

/** All logprobs of the events, in order. */
function tokensOf(events: readonly AnswerEvent[]): string[] {
  return events.flatMap((event) =>
    event.type === "call-end" ? [] : event.logprobs.map(({ text }) => text),
  );
}

describe("events", () => {
  test("text is streamed without tools", () => {
    const events = eventsOf("none", "Hello world");
    expect(events.map((event) => event.type === "text" && event.text)).toEqual([
      "Hello",
      " worl",
      "d",
      false,
    ]);
    expect(events.at(-1)).toMatchObject({ type: "finish", reason: "stop", isToolCall: false });
  });

  test("text is held back until the end where the model may call tools", () => {
    const events = eventsOf("auto", "Hello world");
    expect(events).toMatchObject([{ type: "text", text: "Hello world" }, { type: "finish" }]);
  });

  test("calls that the model chose come at the end, numbered", () => {
    const events = eventsOf("auto", tagged(call) + tagged(call));
    expect(events).toMatchObject([
      { type: "call", delta: { index: 0, function: { name: "add", arguments: '{"a":1}' } } },
      { type: "call-end", isComplete: true },
      { type: "call", delta: { index: 1, function: { name: "add", arguments: '{"a":1}' } } },
      { type: "call-end", isComplete: true },
      { type: "finish", isToolCall: true },
    ]);
  });

  test("a required call is streamed under one id", () => {
    const events = eventsOf("required", call);
    expect(typesOf(events)).toEqual(["call", "call-end", "finish"]);
    const deltas = events.flatMap((event) => (event.type === "call" ? [event.delta] : []));
    expect(deltas.map((delta) => delta.function.arguments).join("")).toBe('{"a": 1}');
    const end = events.find((event) => event.type === "call-end");
    expect(end).toMatchObject({ call: { id: deltas[0]?.id }, isComplete: true });
  });

  test("a required call that a limit cuts is incomplete, and text before its name", () => {
    const cut = eventsOf("required", call.slice(0, -4));
    expect(cut.slice(-2)).toMatchObject([
      { type: "call-end", isComplete: false },
      { type: "finish", isToolCall: false },
    ]);
    const nameless = eventsOf("required", '{"na');
    expect(nameless).toMatchObject([{ type: "text", text: '{"na' }, { type: "finish" }]);
  });

  test.each(["none", "auto", "required"] as const)("mode %s carries each logprob once", (mode) => {
    const events = eventsOf(mode, call);
    expect(tokensOf(events).join("")).toBe(call);
    expect(tokensOf(events).at(-1)).toBe("");
  });
});

describe("dialects", () => {
  test("the AI SDK gets every call's start, input, end and whole in order", () => {
    const parts = new StreamParts();
    const types = eventsOf("auto", tagged(call) + tagged(call))
      .flatMap((event) => parts.translate(event))
      .map(({ type }) => type);
    const one = ["tool-input-start", "tool-input-delta", "tool-input-end", "tool-call"];
    expect(types).toEqual([...one, ...one]);
  });

  test("the AI SDK gets a text even of an empty answer", () => {
    const parts = new StreamParts();
    const types = eventsOf("none", "").flatMap((event) => parts.translate(event));
    expect(types).toMatchObject([{ type: "text-start" }, { type: "text-end" }]);
  });

  test("OpenAI's stream has no event for the end of a call", () => {
    const choices = eventsOf("required", call).map((event) => chatChoice(0, event));
    expect(choices.filter((choice) => choice === undefined)).toHaveLength(1);
    expect(choices.at(-1)).toMatchObject({ delta: {}, finish_reason: "tool_calls" });
  });

  test("LangChain's chunks join to the call", () => {
    const [first, ...rest] = eventsOf("required", call).flatMap(chunksOf);
    const whole = rest.reduce((joined, chunk) => joined?.concat(chunk), first);
    expect(whole?.message).toMatchObject({ tool_calls: [{ name: "add", args: { a: 1 } }] });
  });
});
