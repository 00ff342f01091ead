import type OpenAI from "openai";
import { describe, expect, test } from "vitest";
import type { ChatMessage } from "../../../lib/index.ts";
import tasks from "../../../models/codellama-tiny/tasks.json" with { type: "json" };
import { jsonOf, useTinyServer } from "../../helpers/server.ts";

// OpenAI's official client over real HTTP, with a model whose chat format has no tools.
const shared = useTinyServer({ apiKeys: [{ name: "tests", key: "secret-of-tests" }] });
const greedy = { model: "codellama-tiny", temperature: 0, max_tokens: 200 };
const question = tasks.chat[0]?.messages.at(-1)?.content ?? "";
const messages = [{ role: "user" as const, content: question }];

function functionOf(name: string, parameters?: Record<string, unknown>) {
  return { type: "function" as const, function: { name, ...(parameters && { parameters }) } };
}

function objectOf(properties: object) {
  const required = Object.keys(properties);
  return { type: "object", properties, required, additionalProperties: false };
}

const volume = functionOf("set_volume", objectOf({ level: { const: 4 } }));

async function callOf(request: Partial<OpenAI.ChatCompletionCreateParamsNonStreaming>) {
  const { openai } = shared.server;
  const answer = await openai.chat.completions.create({
    ...greedy,
    messages,
    tool_choice: "required",
    ...request,
  });
  const [choice] = answer.choices;
  const [call] = choice?.message.tool_calls ?? [];
  if (choice === undefined || call?.type !== "function") throw new Error("no function is called");
  return { choice, call };
}

describe("tool results", () => {
  test("the model answers after a tool result", async () => {
    const { openai, llama } = shared.server;
    const { choice, call } = await callOf({ tools: [volume] });
    const result = { role: "tool" as const, tool_call_id: call.id, content: "done" };
    const answer = await openai.chat.completions.create({
      ...greedy,
      messages: [...messages, choice.message, result],
      tools: [volume],
      tool_choice: "none",
    });
    expect(answer.choices[0]?.message.content).not.toBe("");
    const expected: ChatMessage[] = [
      ...messages,
      {
        role: "assistant",
        content: `{"name": "set_volume", "arguments": ${call.function.arguments}}`,
      },
      { role: "user", content: "The function set_volume returned: done" },
    ];
    expect(answer.usage?.prompt_tokens).toBe(llama.encodeChat(expected).length);
    const again = await callOf({
      tools: [volume],
      messages: [...messages, choice.message, result],
    });
    expect(JSON.parse(again.call.function.arguments)).toEqual({ level: 4 });
  });

  test("rejects a result without a matching call", async () => {
    const asking = shared.server.openai.chat.completions.create({
      ...greedy,
      messages: [...messages, { role: "tool", tool_call_id: "call_x", content: "done" }],
    });
    await expect(asking).rejects.toMatchObject({
      status: 400,
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("messages[1].tool_call_id"),
    });
  });

  test.each([
    ["messages[1].tool_calls", { tool_calls: "none" }],
    ["messages[1].tool_calls[0].function", { tool_calls: [{ id: "call_x", type: "function" }] }],
  ])("rejects malformed tool calls: %s", async (param, fields) => {
    const body = { messages: [...messages, { role: "assistant", ...fields }, ...messages] };
    const response = await shared.server.post("/v1/chat/completions", body);
    expect(response.status).toBe(400);
    expect((await jsonOf(response)).error).toMatchObject({ code: "INVALID_ARGUMENT", param });
  });
});

describe("tool parameters", () => {
  test("can use $ref definitions, in several tools", async () => {
    const paint = functionOf("paint", {
      ...objectOf({ color: { $ref: "#/$defs/Value" }, size: { $ref: "#/definitions/Size" } }),
      $defs: { Value: { enum: ["red", "green"] } },
      definitions: { Size: { const: 2 } },
    });
    const sing = functionOf("sing", {
      ...objectOf({ tone: { $ref: "#/$defs/Value" } }),
      $defs: { Value: { $ref: "#/$defs/Tone" }, Tone: { enum: ["a", "b"] } },
    });
    for (const tools of [[paint], [paint, sing], [sing, paint]]) {
      for (const tool of tools) {
        const { call } = await callOf({ tools, tool_choice: functionOf(tool.function.name) });
        expect(call.function.name).toBe(tool.function.name);
        checkArguments(call.function);
      }
      checkArguments((await callOf({ tools })).call.function);
    }
  });

  function checkArguments({ name, arguments: json }: { name: string; arguments: string }) {
    const expected =
      name === "paint"
        ? { color: expect.stringMatching(/^(red|green)$/), size: 2 }
        : { tone: expect.stringMatching(/^[ab]$/) };
    expect(JSON.parse(json)).toEqual(expected);
  }

  test("are empty if the tool has none", async () => {
    const { call } = await callOf({ tools: [functionOf("mute")] });
    expect(JSON.parse(call.function.arguments)).toEqual({});
  });

  test("must be an object", async () => {
    const asking = callOf({ tools: [volume, functionOf("mute", { type: "string" })] });
    await expect(asking).rejects.toMatchObject({
      status: 400,
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("mute"),
    });
  });
});

describe("a tool call cut by max_tokens", () => {
  const tools = [functionOf("set_volume", objectOf({ levels: { const: [1, 2, 3, 4, 5, 6] } }))];

  test("keeps the text so far, with and without streaming", async () => {
    const { openai } = shared.server;
    const full = await openai.chat.completions.create({
      ...greedy,
      messages,
      tools,
      tool_choice: "required",
    });
    const tokens = full.usage?.completion_tokens ?? 0;
    const [complete] = full.choices[0]?.message.tool_calls ?? [];
    const seen = new Set<string>();
    for (let most = 1; most <= tokens; most++) {
      const request = { ...greedy, max_tokens: most, messages, tools };
      const demanded = { ...request, tool_choice: "required" as const };
      const [whole] = (await openai.chat.completions.create(demanded)).choices;
      const stream = openai.chat.completions.stream(demanded);
      let pieces = "";
      let name = "";
      let content = "";
      let reason: string | null | undefined;
      for await (const { choices } of stream) {
        const { delta, finish_reason } = choices[0] ?? {};
        content += delta?.content ?? "";
        name += delta?.tool_calls?.[0]?.function?.name ?? "";
        pieces += delta?.tool_calls?.[0]?.function?.arguments ?? "";
        reason = finish_reason;
      }
      stream.abort();
      const [call] = whole?.message.tool_calls ?? [];
      expect(whole?.finish_reason).toBe(reason);
      expect(whole?.message.content ?? "").toBe(content);
      if (call === undefined) {
        expect([name, reason]).toEqual(["", "length"]);
        seen.add("text");
        continue;
      }
      if (call.type !== "function" || complete?.type !== "function") throw new Error("no function");
      expect(call.function).toEqual({ name: "set_volume", arguments: pieces });
      expect(name).toBe("set_volume");
      expect(complete.function.arguments.startsWith(pieces)).toBe(true);
      const isWhole = pieces === complete.function.arguments;
      expect(reason).toBe(isWhole ? "tool_calls" : "length");
      seen.add(isWhole ? "whole" : "cut");
    }
    expect([...seen]).toEqual(["text", "cut", "whole"]);
  });
});
