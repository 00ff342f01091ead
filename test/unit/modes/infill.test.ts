import { describe, expect, test } from "vitest";
import { infill } from "../../../lib/modes/infill.ts";
import { FakeEngine, fakeCapabilities } from "../../helpers/fake-engine.ts";

function engineThatFills(contextSize = 1000): FakeEngine {
  return new FakeEngine(contextSize, (request) => request.generate("fill").finish());
}

describe("an infill", () => {
  test("encodes its prompt once", async () => {
    const engine = engineThatFills();
    const hole = { prefix: "def f(", suffix: "):\n" };
    await infill(engine, fakeCapabilities, hole, { n: 3 }).result;
    expect(engine.requests).toHaveLength(3);
    expect(engine.tokens.encodings).toBe(1);
  });

  test("counts each context file once", async () => {
    const engine = engineThatFills();
    const context = ["a.py", "b.py"].map((path) => ({ path, text: "x = 1\n" }));
    await infill(engine, fakeCapabilities, { prefix: "x", suffix: "y" }, { context }).result;
    expect(engine.tokens.encodings).toBe(context.length + 1);
  });

  test("of a text that is too long encodes no text twice", async () => {
    const engine = engineThatFills(200);
    const texts: string[] = [];
    const { encode } = engine.tokens;
    engine.tokens.encode = function (parts) {
      texts.push(parts.map((part) => (typeof part === "number" ? "" : part.text)).join("|"));
      return encode.call(this, parts);
    };
    const hole = { prefix: "left = 1\n".repeat(50), suffix: "right = 2\n".repeat(50) };
    await infill(engine, fakeCapabilities, hole, { maxTokens: 20 }).result;
    expect(new Set(texts).size).toBe(texts.length);
    expect(engine.request(0).call.prompt).toSatisfy((tokens: Int32Array) => tokens.length <= 180);
  });

  test("fills several holes from left to right", async () => {
    const engine = engineThatFills();
    const job = infill(engine, fakeCapabilities, "a <FILL_ME> b <FILL_ME> c", {});
    const { fullText, fills } = await job.result;
    expect(fullText).toBe("a fill b fill c");
    expect(fills).toEqual(["fill", "fill"]);
    expect(engine.tokens.encodings).toBe(2);
  });

  test("stops at the hole that cancel() ends", async () => {
    const engine = new FakeEngine();
    const job = infill(engine, fakeCapabilities, "a <FILL_ME> b <FILL_ME> c", {});
    await new Promise(setImmediate);
    engine.request(0).generate("half");
    job.cancel();
    expect(await job.result).toMatchObject({ fullText: "a half b  c", fills: ["half"] });
    expect(engine.requests).toHaveLength(1);
  });
});
