import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { openSession } from "../../lib/session.ts";
import { FakeEngine, fakeCapabilities } from "../helpers/fake-engine.ts";

const answer = "An answer of some length.";

function open(engine: FakeEngine, options: object = {}) {
  return openSession(engine, fakeCapabilities, { system: "Be brief.", ...options });
}

test("a session encodes its dialog once for each question", async () => {
  const engine = new FakeEngine(10_000, (request) => request.generate(answer).finish());
  const session = open(engine);
  for (let turn = 1; turn <= 4; turn++) {
    await session.send("What is next?");
    expect(engine.tokens.encodings).toBe(turn);
  }
  expect(session.messages).toHaveLength(9);
});

test("a session drops its oldest turns and reports them before the answer", async () => {
  const engine = new FakeEngine(10_000, (request) => request.generate(answer).finish());
  const reported: number[] = [];
  const session = open(engine, {
    maxHistoryTokens: 300,
    onDropped: ({ messages }: { readonly messages: readonly object[] }) =>
      reported.push(messages.length),
  });
  const dropped: number[] = [];
  for (let turn = 0; turn < 8; turn++) {
    const result = await session.send("What is the next thing?");
    if (result.dropped.length > 0) dropped.push(result.dropped.length);
  }
  expect(dropped.length).toBeGreaterThan(0);
  expect(reported).toEqual(dropped);
  expect(session.messages[0]).toEqual({ role: "system", content: "Be brief." });
  for (const { call } of engine.requests) expect(call.prompt).toHaveProperty("length");
});

test("a session keeps its history when the answer fails", async () => {
  const engine = new FakeEngine(1000, (request) => request.fail(new Error("broken")));
  const session = open(engine);
  await expect(session.send("x")).rejects.toThrow("broken");
  expect(session.messages).toHaveLength(1);
});

test("a session answers one question at a time", async () => {
  const engine = new FakeEngine();
  const session = open(engine);
  const first = session.send("x");
  expect(() => session.send("y")).toThrow(/send\(\)/);
  await turn();
  engine.request(0).generate("z").finish();
  expect((await first).text).toBe("z");
});

test("a cancelled answer joins the history as far as it came", async () => {
  const engine = new FakeEngine();
  const session = open(engine);
  const generation = session.send("x");
  await turn();
  engine.request(0).generate(" half");
  generation.cancel();
  await generation;
  expect(session.messages.at(-1)).toEqual({ role: "assistant", content: "half" });
});
