import {
  AIMessage,
  type AIMessageChunk,
  HumanMessage,
  SystemMessage,
  ToolMessage,
  type UsageMetadata,
} from "@langchain/core/messages";
import { StringOutputParser } from "@langchain/core/output_parsers";
import { ChatPromptTemplate } from "@langchain/core/prompts";
import { tool } from "@langchain/core/tools";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  ChatCodeLlama,
  CodeLlamaEmbeddings,
  CodeLlamaLlm,
} from "../../../lib/integrations/langchain/index.ts";
import tasks from "../../../models/codellama-tiny/tasks.json" with { type: "json" };
import { useTinyModel } from "../../helpers/tiny-model.ts";

const shared = useTinyModel();
const [dialog] = tasks.chat;
const [completion] = tasks.completion;
const question = dialog?.messages.at(-1)?.content ?? "";

test("a chat model answers, streams and works in a chain", async () => {
  const model = new ChatCodeLlama(shared.llama, { temperature: 0, maxTokens: 300 });
  const answer = await model.invoke([new HumanMessage(question)]);
  expect(answer.text.trim()).toBe(dialog?.reply.trim());
  const { promptTokens, completionTokens } = (
    await shared.llama.chat([{ role: "user", content: question }], { temperature: 0 })
  ).usage;
  expect(answer).toMatchObject({
    usage_metadata: { input_tokens: promptTokens, output_tokens: completionTokens },
  });
  let streamed = "";
  for await (const { text } of await model.stream([new HumanMessage(question)])) streamed += text;
  expect(streamed).toBe(answer.text);
  const chain = ChatPromptTemplate.fromMessages([["human", "{question}"]])
    .pipe(model)
    .pipe(new StringOutputParser());
  expect(await chain.invoke({ question })).toBe(answer.text);
});

test("options of a call override the defaults, and stop strings end the answer", async () => {
  const model = new ChatCodeLlama(shared.llama, { temperature: 0, maxTokens: 300 });
  const messages = [new SystemMessage("Be brief."), new HumanMessage(question)];
  const answer = await model.invoke(messages, { chat: { maxTokens: 3 } });
  expect(answer).toMatchObject({ usage_metadata: { output_tokens: 3 } });
  const stopped = await model.invoke([new HumanMessage(question)], { stop: ["function"] });
  expect(stopped.text).not.toContain("function");
});

test("a completion model completes, streams and can be aborted", async () => {
  const model = new CodeLlamaLlm(shared.llama, { temperature: 0, maxTokens: 200 });
  expect(await model.invoke(completion?.prompt ?? "")).toBe(completion?.text);
  let streamed = "";
  for await (const text of await model.stream(completion?.prompt ?? "")) streamed += text;
  expect(streamed).toBe(completion?.text);
  const signal = AbortSignal.abort();
  await expect(model.invoke("def f(", { signal })).rejects.toThrow();
});

test("returns embeddings", async () => {
  const embeddings = new CodeLlamaEmbeddings(shared.llama);
  const [first, second] = await embeddings.embedDocuments(["def f", "class A"]);
  expect([first?.length, second?.length]).toEqual([256, 256]);
  expect(await embeddings.embedQuery("def f")).toHaveLength(256);
});

test("accepts options of a call next to LangChain's own, and checks them", async () => {
  const model = new ChatCodeLlama(shared.llama, { temperature: 0, maxTokens: 300 });
  const config = {
    tags: ["a"],
    metadata: { b: 1 },
    runName: "c",
    configurable: { thread_id: "d" },
  };
  const rest = { recursionLimit: 5, timeout: 60_000, maxConcurrency: 2, callbacks: [] };
  const answer = await model.invoke(question, { maxTokens: 2, chat: { maxTokens: 3 }, ...config });
  expect(answer).toMatchObject({ usage_metadata: { output_tokens: 2 } });
  const bound = model.withConfig({ maxTokens: 4, ...rest });
  expect(await bound.invoke(question)).toMatchObject({ usage_metadata: { output_tokens: 4 } });
  const cold = model.invoke(question, { temperature: -1 });
  await expect(cold).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    message: expect.stringContaining("temperature"),
  });
  const misspelt = { max_tokens: 2 } as object;
  for (const call of [
    model.invoke(question, misspelt),
    firstOf(model.stream(question, misspelt)),
  ]) {
    await expect(call).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining('did you mean "maxTokens"?'),
    });
  }
  const completing = new CodeLlamaLlm(shared.llama, { temperature: 0 });
  const short = await completing.invoke(completion?.prompt ?? "", { maxTokens: 1, ...config });
  expect(short.length).toBeLessThan(completion?.text.length ?? 0);
  await expect(completing.invoke("x", misspelt)).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
  });
});

test("n answers become n generations and cannot be streamed", async () => {
  const options = { n: 3, maxTokens: 8, temperature: 3, topP: 1, seed: 7 };
  const model = new ChatCodeLlama(shared.llama, options);
  const completing = new CodeLlamaLlm(shared.llama, options);
  const chats = await model.generate([["Tell me a story"], ["Sing a song"]]);
  const completions = await completing.generate(["def f(", "def g("]);
  for (const { generations } of [chats, completions]) {
    expect(generations.map(({ length }) => length)).toEqual([3, 3]);
    for (const each of generations) expect(new Set(each.map(({ text }) => text)).size).toBe(3);
  }
  const refusal = { code: "INVALID_ARGUMENT", message: expect.stringContaining("n must be 1") };
  await expect(firstOf(model.stream(question))).rejects.toMatchObject(refusal);
  await expect(firstOf(completing.stream("def f("))).rejects.toMatchObject(refusal);
});

test.each([
  { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } },
  { type: "image", source_type: "base64", mime_type: "image/png", data: "AAAA" },
  { type: "file", mimeType: "text/plain", data: "AAAA" },
])("rejects a content part that is not text: %j", async (part) => {
  const model = new ChatCodeLlama(shared.llama, { maxTokens: 1 });
  const message = new HumanMessage({ content: [{ type: "text", text: "What is it?" }, part] });
  for (const call of [model.invoke([message]), firstOf(model.stream([message]))]) {
    await expect(call).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining(part.type),
    });
  }
  const plain = new HumanMessage({ content: [{ type: "text", text: question }] });
  expect(await model.invoke([plain])).toMatchObject({ usage_metadata: { output_tokens: 1 } });
});

describe("tools", () => {
  const volume = tool(({ level }) => level, {
    name: "set_volume",
    description: "Sets the volume",
    schema: z.object({ level: z.literal(4) }),
  });
  const mute = {
    type: "function",
    function: { name: "mute", parameters: { type: "object", properties: {} } },
  };
  const model = () => new ChatCodeLlama(shared.llama, { temperature: 0, maxTokens: 300 });

  test("returns a required call, with and without streaming", async () => {
    const bound = model().bindTools([volume, mute], { tool_choice: "set_volume" });
    const answer = await bound.invoke(question);
    expect(answer.tool_calls).toMatchObject([{ name: "set_volume", args: { level: 4 } }]);
    expect(answer.tool_calls?.[0]?.id).toMatch(/^call_/);
    expect(answer.text).toBe("");
    let whole: AIMessageChunk | undefined;
    for await (const chunk of await bound.stream(question)) whole = whole?.concat(chunk) ?? chunk;
    expect(whole?.tool_calls).toMatchObject([{ name: "set_volume", args: { level: 4 } }]);
    const { input_tokens, output_tokens } = usageOf(answer);
    expect(usageOf(whole)).toMatchObject({ input_tokens, output_tokens });
    const any = await model().bindTools([volume, mute], { tool_choice: "any" }).invoke(question);
    expect(["set_volume", "mute"]).toContain(any.tool_calls?.[0]?.name);
    const named = { type: "function", function: { name: "mute" } };
    const muted = await model().invoke(question, { tools: [volume, mute], tool_choice: named });
    expect(muted.tool_calls?.[0]?.name).toBe("mute");
    const none = await model().bindTools([mute], { tool_choice: "none" }).invoke(question);
    expect(none.text.trim()).toBe(dialog?.reply.trim());
  });

  // The engine writes forced text in one piece, so a call in pieces needs text that the model chooses.
  const speech = {
    ...volume,
    schema: z.object({ text: z.string().min(40).max(60) }),
  };

  test("streams a call in pieces", async () => {
    const bound = model().bindTools([speech], { tool_choice: "any" });
    const pieces: string[] = [];
    for await (const { tool_call_chunks } of await bound.stream(question)) {
      for (const { args } of tool_call_chunks ?? []) pieces.push(args ?? "");
    }
    expect(pieces.length).toBeGreaterThan(2);
    expect(speech.schema.parse(JSON.parse(pieces.join("")))).toBeDefined();
  });

  test("reports a call that a limit cuts short as invalid", async () => {
    const bound = model().bindTools([speech], { tool_choice: "any", maxTokens: 24 });
    const answer = await bound.invoke(question);
    expect(answer.tool_calls).toEqual([]);
    expect(answer.invalid_tool_calls).toMatchObject([{ name: "set_volume" }]);
    expect(answer.text).toBe("");
  });

  test("answers a tool result", async () => {
    const bound = model().bindTools([volume], { tool_choice: "any" });
    const call = await bound.invoke(question);
    const { id = "" } = call.tool_calls?.[0] ?? {};
    const turns = [
      new HumanMessage(question),
      call,
      new ToolMessage({ tool_call_id: id, content: "done" }),
      new HumanMessage("And now?"),
    ];
    const encoded = shared.llama.encodeChat([
      { role: "user", content: question },
      { role: "assistant", content: '{"name": "set_volume", "arguments": {"level":4}}' },
      { role: "user", content: "The function set_volume returned: done\n\nAnd now?" },
    ]);
    const answer = await model().invoke(turns);
    expect(answer.text).not.toBe("");
    expect(usageOf(answer).input_tokens).toBe(encoded.length);
    const again = await bound.invoke(turns.slice(0, 3));
    expect(again.tool_calls).toMatchObject([{ name: "set_volume", args: { level: 4 } }]);
  });

  test("the dialog contains the model's earlier calls", async () => {
    const bound = model().bindTools([volume], { tool_choice: "any", maxTokens: 1 });
    const call = await model().bindTools([volume], { tool_choice: "any" }).invoke(question);
    const tokens = async (message: AIMessage) => {
      const dialog = [new HumanMessage("x"), message, new HumanMessage("y")];
      return usageOf(await bound.invoke(dialog)).input_tokens;
    };
    expect(await tokens(call)).toBeGreaterThan((await tokens(new AIMessage(""))) + 5);
  });

  test("rejects impossible tool choices", async () => {
    const refused = (code: string, text: string) =>
      expect.objectContaining({ code, message: expect.stringContaining(text) });
    const up = model().bindTools([volume]).invoke(question);
    await expect(up).rejects.toThrow(refused("CAPABILITY_MISSING", "tool choice"));
    const unknown = model().bindTools([volume], { tool_choice: "sing" }).invoke(question);
    await expect(unknown).rejects.toThrow(refused("INVALID_ARGUMENT", "no tool named"));
    const odd = model()
      .bindTools([volume], { tool_choice: { any: true } })
      .invoke(question);
    await expect(odd).rejects.toThrow(refused("INVALID_ARGUMENT", "tool_choice"));
    expect(() => model().bindTools([{ sing: true }])).toThrow(
      refused("INVALID_ARGUMENT", "tools[0]"),
    );
    const both = model().bindTools([volume], { tool_choice: "any", jsonSchema: {} });
    await expect(both.invoke(question)).rejects.toThrow(refused("INVALID_ARGUMENT", "jsonSchema"));
  });
});

describe("structured output", () => {
  const shape = z.object({ name: z.string().max(8), size: z.union([z.literal(1), z.literal(2)]) });
  const json = {
    title: "thing",
    type: "object",
    properties: { name: { type: "string", maxLength: 8 }, size: { enum: [1, 2] } },
    required: ["name", "size"],
    additionalProperties: false,
  };
  const model = () => new ChatCodeLlama(shared.llama, { temperature: 0, maxTokens: 300 });

  test.each([undefined, "functionCalling", "jsonSchema", "jsonMode"])("by %s", async (method) => {
    const config = method === undefined ? {} : { method };
    const parsed: { name: string; size: 1 | 2 } = await model()
      .withStructuredOutput(shape, config)
      .invoke(question);
    expect(shape.parse(parsed)).toEqual(parsed);
    const plain = await model().withStructuredOutput(json, config).invoke(question);
    expect(shape.parse(plain)).toEqual(plain);
    const both = await model()
      .withStructuredOutput(shape, { ...config, includeRaw: true })
      .invoke(question);
    expect(both.parsed).toEqual(parsed);
    expect(AIMessage.isInstance(both.raw)).toBe(true);
    let last: unknown;
    for await (const each of await model().withStructuredOutput(shape, config).stream(question)) {
      last = each;
    }
    expect(last).toEqual(parsed);
  });

  test.each(["functionCalling", "jsonSchema"])("an answer cut short, by %s", async (method) => {
    const cut = new ChatCodeLlama(shared.llama, { temperature: 0, maxTokens: 4 });
    for (const schema of [shape, json]) {
      await expect(cut.withStructuredOutput(schema, { method }).invoke(question)).rejects.toThrow();
      const config = { method, includeRaw: true } as const;
      const both = await cut.withStructuredOutput(schema, config).invoke(question);
      expect(both.parsed).toBeNull();
    }
  });

  test("a stream that a limit cuts short gives no complete structure", async () => {
    const schema = { ...json, properties: { ...json.properties, size: { const: 123456789 } } };
    const { text } = await model().invoke(question, { jsonSchema: schema });
    const tokens = shared.llama.countTokens(text) + 15;
    for (let maxTokens = 1; maxTokens < tokens; maxTokens += 3) {
      const cut = new ChatCodeLlama(shared.llama, { temperature: 0, maxTokens });
      const structured = cut.withStructuredOutput(schema);
      const read = async () => {
        for await (const each of await structured.stream(question)) {
          expect(each).toMatchObject({ size: 123456789 });
        }
      };
      await read().catch((error: unknown) => expect(String(error)).toMatch(/OUTPUT_PARSING/));
    }
  });

  test("rejects an unknown method", () => {
    expect(() => model().withStructuredOutput(shape, { method: "guess" })).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
  });
});

/** The first chunk of a stream. */
async function firstOf(stream: Promise<AsyncIterable<unknown>>): Promise<unknown> {
  for await (const piece of await stream) return piece;
  return undefined;
}

function usageOf(message: unknown): UsageMetadata {
  const { usage_metadata: usage } = message as { readonly usage_metadata?: UsageMetadata };
  if (usage === undefined) throw new Error("the message has no usage");
  return usage;
}
