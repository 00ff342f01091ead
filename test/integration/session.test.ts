import { expect, test } from "vitest";
import type { ChatMessage } from "../../lib/index.ts";
import { loadTinyModel, useTinyModel } from "../helpers/tiny-model.ts";

const model = useTinyModel();
const greedy = { temperature: 0, maxTokens: 300 } as const;
const python = "Write a Python function that computes the n-th Fibonacci number.";
const javascript = "Now in JavaScript.";

test("a second question builds on the first answer", async () => {
  const session = model.llama.session();
  const first = await session.send(python, greedy);
  const second = await session.send(javascript, greedy);
  expect(second.text).toMatch(/^Here is a JavaScript function that computes the n-th Fibonacci/);
  expect(session.messages).toEqual([
    { role: "user", content: python },
    { role: "assistant", content: first.text },
    { role: "user", content: javascript },
    { role: "assistant", content: second.text },
  ]);
});

test("a second question computes only the new tokens", async () => {
  const session = model.llama.session({ system: "You write code for people who test it." });
  const first = await session.send(python, greedy);
  const second = await session.send(javascript, greedy);
  const { promptTokens, cachedTokens } = second.usage;
  const known = first.usage.promptTokens + first.usage.completionTokens;
  // The space and the end token after the answer are new, and so is the question.
  const asked = model.llama.countTokens(`[INST] ${javascript} [/INST]`);
  expect(cachedTokens).toBe(known);
  expect(promptTokens - cachedTokens).toBeLessThanOrEqual(asked + 4);
});

test("a fork shares the KV cells of its session", async () => {
  const session = model.llama.session({ system: "You are asked twice." });
  const { usage } = await session.send(python, { ...greedy, maxTokens: 30 });
  const [one, two] = await Promise.all(
    [session, session.fork()].map((each) => each.send(javascript, { ...greedy, maxTokens: 5 })),
  );
  const known = usage.promptTokens + usage.completionTokens - 2;
  expect(one?.usage.cachedTokens).toBeGreaterThanOrEqual(known);
  expect(two?.usage.cachedTokens).toBeGreaterThanOrEqual(known);
});

test("a session gives the same answer as chat() with the same messages", async () => {
  const messages: ChatMessage[] = [
    { role: "system", content: "Answer in one line." },
    { role: "user", content: "Hi" },
    { role: "assistant", content: "Hello" },
  ];
  const session = model.llama.session({ messages });
  const { text } = await session.send(python, { ...greedy, maxTokens: 20 });
  const question: ChatMessage = { role: "user", content: python };
  const answer = await model.llama.chat([...messages, question], { ...greedy, maxTokens: 20 });
  expect(text).toBe(answer.text);
});

test("a fork does not change its session", async () => {
  const session = model.llama.session({ system: "Be brief." });
  await session.send(python, { ...greedy, maxTokens: 5 });
  const fork = session.fork();
  await Promise.all([
    session.send(javascript, { ...greedy, maxTokens: 5 }),
    fork.send("Thank you.", { ...greedy, maxTokens: 5 }),
  ]);
  expect(session.messages).toHaveLength(5);
  expect(fork.messages).toHaveLength(5);
  expect(fork.messages.slice(0, 3)).toEqual(session.messages.slice(0, 3));
  expect(fork.messages[3]?.content).toBe("Thank you.");
});

test("continues a saved session", async () => {
  const session = model.llama.session({ system: "Be brief.", maxHistoryTokens: 200 });
  await session.send(python, { ...greedy, maxTokens: 5 });
  const saved = JSON.parse(JSON.stringify(session));
  expect(model.llama.session(saved).toJSON()).toEqual(saved);
});

test("reset() keeps only the system prompt", async () => {
  const session = model.llama.session({ system: "Be brief." });
  await session.send(python, { ...greedy, maxTokens: 2 });
  session.reset();
  expect(session.messages).toEqual([{ role: "system", content: "Be brief." }]);
  session.reset("Be long.");
  expect(session.messages).toEqual([{ role: "system", content: "Be long." }]);
});

test("drops the oldest turns when the history gets too long, but never the system prompt", async () => {
  const dropped: ChatMessage[] = [];
  const session = model.llama.session({
    system: "Be brief.",
    maxHistoryTokens: 120,
    onDropped: ({ messages }) => dropped.push(...messages),
  });
  const sent: string[] = [];
  for (let turn = 0; turn < 8; turn++) {
    sent.push(`Question ${turn}: what does this program print?`);
    const result = await session.send(sent.at(-1) ?? "", { ...greedy, maxTokens: 10 });
    expect(result.usage.promptTokens).toBeLessThanOrEqual(120);
  }
  expect(dropped.length).toBeGreaterThan(0);
  expect(dropped.length % 2).toBe(0);
  expect(dropped[0]).toEqual({ role: "user", content: sent[0] });
  const [system, ...kept] = session.messages;
  expect(system).toEqual({ role: "system", content: "Be brief." });
  const questions = [...dropped, ...kept].filter(({ role }) => role === "user");
  expect(questions.map(({ content }) => content)).toEqual(sent);
});

test("drops turns when the context window is full", async () => {
  await using llama = await loadTinyModel({ contextSize: 256 });
  const session = llama.session({ system: "Be brief." });
  const sizes: number[] = [];
  for (let turn = 0; turn < 12; turn++) {
    const { usage } = await session.send("What does this program print, and why?", {
      ...greedy,
      maxTokens: 12,
    });
    sizes.push(usage.promptTokens);
  }
  expect(Math.max(...sizes)).toBeLessThanOrEqual(256 - 12);
  expect(sizes.some((size, turn) => turn > 0 && size < (sizes[turn - 1] ?? 0))).toBe(true);
});

test('chat() drops the oldest turns only with overflow: "truncate"', async () => {
  await using llama = await loadTinyModel({ contextSize: 256 });
  const turn = (index: number): ChatMessage[] => [
    { role: "user", content: `Question ${index}: what does this program print, and why?` },
    { role: "assistant", content: "It prints nothing at all." },
  ];
  const turns = Array.from({ length: 12 }, (_, index) => turn(index)).flat();
  const messages: ChatMessage[] = [...turns, { role: "user", content: "Hi" }];
  await expect(llama.chat(messages)).rejects.toMatchObject({ code: "CONTEXT_OVERFLOW" });
  const { usage } = await llama.chat(messages, { overflow: "truncate", maxTokens: 4 });
  expect(usage.promptTokens).toBeLessThanOrEqual(252);
  expect(usage.promptTokens).toBeGreaterThan(100);
});

test("cuts a dialog of 20,000 turns without encoding it once per dropped turn", async () => {
  await using llama = await loadTinyModel({ contextSize: 256 });
  const turns = Array.from({ length: 20_000 }, (_, index): ChatMessage[] => [
    { role: "user", content: `Question ${index}` },
    { role: "assistant", content: "Yes" },
  ]);
  // Encoding the rest again for each dropped turn would encode 200 million turns.
  const messages: ChatMessage[] = [...turns.flat(), { role: "user", content: "Hi" }];
  const { usage } = await llama.chat(messages, { overflow: "truncate", maxTokens: 4 });
  expect(usage.promptTokens).toBeLessThanOrEqual(189);
  expect(usage.promptTokens).toBeGreaterThan(150);
});

test("rejects a question that is too long by itself and keeps the history", async () => {
  await using llama = await loadTinyModel({ contextSize: 256 });
  const session = llama.session();
  await session.send("Hi", { ...greedy, maxTokens: 2 });
  const history = session.messages;
  await expect(session.send("x ".repeat(1000))).rejects.toMatchObject({ code: "CONTEXT_OVERFLOW" });
  expect(session.messages).toEqual(history);
  await session.send("Hi", { ...greedy, maxTokens: 2 });
});

test("allows one answer at a time, and an abort does not change the history", async () => {
  const session = model.llama.session();
  const controller = new AbortController();
  const generation = session.send(python, { ...greedy, signal: controller.signal });
  expect(() => session.send(javascript)).toThrow(/an answer is running/);
  expect(() => session.reset()).toThrow(/an answer is running/);
  controller.abort(new Error("enough"));
  await expect(generation).rejects.toThrow("enough");
  expect(session.messages).toEqual([]);
});

test("cancel() keeps the answer so far", async () => {
  const session = model.llama.session();
  const generation = session.send(python, greedy);
  for await (const _ of generation) break;
  const { text, finishReason } = await generation;
  expect(finishReason).toBe("abort");
  expect(session.messages.at(-1)).toEqual({ role: "assistant", content: text });
});

test.each<[string, object, RegExp]>([
  ["an unknown option", { sytem: "x" }, /"system"/],
  ["a question without an answer", { messages: [{ role: "user", content: "x" }] }, /messages\[1\]/],
  [
    "a saved session of another version",
    { version: 2, messages: [] },
    /version must be 1 \(got 2\)/,
  ],
  ["a negative maxHistoryTokens", { maxHistoryTokens: -1 }, /between 16 and/],
])("session() rejects %s", (_, options, message) => {
  expect(() => model.llama.session(options)).toThrow(message);
});
