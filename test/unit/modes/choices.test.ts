import { describe, expect, test } from "vitest";
import { complete } from "../../../lib/modes/completion.ts";
import { FakeEngine, fakeCapabilities } from "../../helpers/fake-engine.ts";

function startThree(engine: FakeEngine, options: object) {
  return complete(engine, fakeCapabilities, "x", { seed: 7, ...options });
}

describe("n answers", () => {
  test("share one encoding and one group, and count their seeds up", async () => {
    const engine = new FakeEngine(1000, (request) => request.generate("a").finish());
    const result = await startThree(engine, { n: 3 }).result;
    expect(result.choices).toHaveLength(3);
    expect(engine.tokens.encodings).toBe(1);
    expect(engine.requests.map(({ call }) => call.seed)).toEqual([7, 8, 9]);
    expect(new Set(engine.requests.map(({ call }) => call.group)).size).toBe(1);
  });

  test("yield their chunks with the index of the answer", async () => {
    const engine = new FakeEngine();
    const job = startThree(engine, { n: 2 });
    engine.request(1).generate("second").finish();
    engine.request(0).generate("first").finish();
    const chunks: string[] = [];
    for await (const { text, index } of job.chunks()) chunks.push(`${index}: ${text}`);
    expect(chunks).toEqual(["1: second", "0: first"]);
    expect(job.text).toBe("first");
  });

  test("fail together", async () => {
    const engine = new FakeEngine();
    const job = startThree(engine, { n: 2 });
    engine.request(0).fail(new Error("broken"));
    await expect(job.result).rejects.toThrow("broken");
    expect(engine.request(1).isCancelled).toBe(true);
  });
});

describe("bestOf", () => {
  test("shows nothing before the best answers are known, best first", async () => {
    const engine = new FakeEngine();
    const job = startThree(engine, { n: 2, bestOf: 3 });
    for (const [index, logprob] of [-2, -1, -3].entries()) {
      engine.request(index).generate(`${index}`, logprob);
    }
    expect(job.text).toBe("");
    for (const request of engine.requests) request.finish();
    const { choices = [] } = await job.result;
    expect(choices.map(({ text }) => text)).toEqual(["1", "0"]);
    expect(choices[0]?.logprobs).toBeUndefined();
    const chunks: string[] = [];
    for await (const { text } of job.chunks()) chunks.push(text);
    expect(chunks).toEqual(["1", "0"]);
  });
});
