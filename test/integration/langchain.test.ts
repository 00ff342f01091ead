import { HumanMessage, SystemMessage } from "@langchain/core/messages";
import { StringOutputParser } from "@langchain/core/output_parsers";
import { ChatPromptTemplate } from "@langchain/core/prompts";
import { expect, test } from "vitest";
import { ChatCodeLlama, CodeLlamaEmbeddings, CodeLlamaLlm } from "../../lib/langchain/index.ts";
import tasks from "../../models/codellama-tiny/tasks.json" with { type: "json" };
import { useTinyModel } from "../helpers/tiny-model.ts";

const shared = useTinyModel();
const [dialog] = tasks.chat;
const [completion] = tasks.completion;
const question = dialog?.messages.at(-1)?.content ?? "";

test("a chat model answers, streams, and stands in a chain", async () => {
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

test("options of a call go first, and stop texts stop", async () => {
  const model = new ChatCodeLlama(shared.llama, { temperature: 0, maxTokens: 300 });
  const messages = [new SystemMessage("Be brief."), new HumanMessage(question)];
  const answer = await model.invoke(messages, { chat: { maxTokens: 3 } });
  expect(answer).toMatchObject({ usage_metadata: { output_tokens: 3 } });
  const stopped = await model.invoke([new HumanMessage(question)], { stop: ["function"] });
  expect(stopped.text).not.toContain("function");
});

test("a completion model continues, streams and can be aborted", async () => {
  const model = new CodeLlamaLlm(shared.llama, { temperature: 0, maxTokens: 200 });
  expect(await model.invoke(completion?.prompt ?? "")).toBe(completion?.text);
  let streamed = "";
  for await (const text of await model.stream(completion?.prompt ?? "")) streamed += text;
  expect(streamed).toBe(completion?.text);
  const signal = AbortSignal.abort();
  await expect(model.invoke("def f(", { signal })).rejects.toThrow();
});

test("embeddings embed", async () => {
  const embeddings = new CodeLlamaEmbeddings(shared.llama);
  const [first, second] = await embeddings.embedDocuments(["def f", "class A"]);
  expect([first?.length, second?.length]).toEqual([256, 256]);
  expect(await embeddings.embedQuery("def f")).toHaveLength(256);
});
