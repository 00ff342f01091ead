import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { EnginePort } from "../../../lib/engine/port.ts";
import { Generation } from "../../../lib/generation.ts";
import { Job, type JobOptions } from "../../../lib/jobs/job.ts";
import type { RequestResult } from "../../../lib/result.ts";
import { FakeEngine } from "../../helpers/fake-engine.ts";

function prepare(engine: EnginePort, text: string) {
  return engine.prepare({
    source: () => ({ text, special: false }),
    layOut: () => (encoder) => encoder.encode([{ text }]),
  });
}

/** A job of one request with a prompt of that text. */
function start(engine: EnginePort, options: JobOptions = {}, text = "prompt"): Job<RequestResult> {
  const call = { seed: 0, maxTokens: 1000, prompt: prepare(engine, text) };
  return new Job(engine, options, ({ stream }) => stream(0)(call));
}

describe("back-pressure", () => {
  test("pauses the request when more than 256 tokens wait for the reader", async () => {
    const engine = new FakeEngine();
    const chunks = start(engine).chunks();
    const request = engine.request(0);
    request.generate("x".repeat(256));
    expect(request.isPaused).toBe(false);
    request.generate("y");
    expect(request.isPaused).toBe(true);
    await chunks.next();
    expect(request.isPaused).toBe(false);
  });

  test("resumes the request when at most 64 tokens wait", async () => {
    const engine = new FakeEngine();
    const chunks = start(engine).chunks();
    const request = engine.request(0);
    for (let i = 0; i < 300; i++) request.generate("x");
    for (let i = 0; i < 235; i++) await chunks.next();
    expect(request.isPaused).toBe(true);
    await chunks.next();
    expect(request.isPaused).toBe(false);
  });

  test("ends when somebody awaits the generation", () => {
    const engine = new FakeEngine();
    const generation = new Generation(start(engine));
    engine.request(0).generate("x".repeat(300));
    expect(engine.request(0).isPaused).toBe(true);
    void generation.then();
    expect(engine.request(0).isPaused).toBe(false);
    engine.request(0).generate("x".repeat(300));
    expect(engine.request(0).isPaused).toBe(false);
  });

  test("stays when somebody waits for generation.result", () => {
    const engine = new FakeEngine();
    const generation = new Generation(start(engine));
    engine.request(0).generate("x".repeat(300));
    void generation.result;
    expect(engine.request(0).isPaused).toBe(true);
  });

  test("pauses a request that starts while the reader is behind", async () => {
    const engine = new FakeEngine();
    const call = { seed: 0, maxTokens: 1000, prompt: Int32Array.of(1) };
    const job = new Job(engine, {}, async ({ stream }) => {
      await stream(0)(call);
      return stream(0)(call);
    });
    engine.request(0).generate("x".repeat(300)).finish();
    await turn();
    expect(engine.request(1).isPaused).toBe(true);
    job.cancel();
  });
});

describe("chunks", () => {
  test("carry the tokens that had no text before", async () => {
    const engine = new FakeEngine();
    const job = start(engine);
    const request = engine.request(0);
    request.generate("ab");
    request.finish();
    const chunks = [];
    for await (const chunk of job.chunks()) chunks.push(chunk);
    expect(chunks).toEqual([{ text: "ab", tokens: [97, 98], index: 0 }]);
    expect(job.text).toBe("ab");
  });

  test("can be read once", async () => {
    const engine = new FakeEngine();
    const job = start(engine);
    engine.request(0).finish();
    for await (const _ of job.chunks());
    await expect(job.chunks().next()).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  test("end with the failure of the request", async () => {
    const engine = new FakeEngine();
    const job = start(engine);
    const failure = new Error("broken");
    engine.request(0).generate("a").fail(failure);
    const chunks = job.chunks();
    expect((await chunks.next()).value).toMatchObject({ text: "a" });
    await expect(chunks.next()).rejects.toBe(failure);
    await expect(job.result).rejects.toBe(failure);
  });

  test("cancel the job when their reader leaves", async () => {
    const engine = new FakeEngine();
    const job = start(engine);
    await job.chunks().return();
    expect(engine.request(0).isCancelled).toBe(true);
    expect((await job.result).finishReason).toBe("abort");
  });
});

describe("cancel()", () => {
  test("keeps the text so far", async () => {
    const engine = new FakeEngine();
    const job = start(engine);
    engine.request(0).generate("half");
    job.cancel();
    expect(await job.result).toMatchObject({ text: "half", finishReason: "abort" });
  });

  test("ends a job whose prompt is being encoded", async () => {
    const engine = new FakeEngine();
    engine.tokens.isSlow = true;
    const job = start(engine);
    job.cancel();
    expect(await job.result).toMatchObject({ text: "", finishReason: "abort" });
    expect(engine.requests).toHaveLength(0);
  });

  test("does nothing after the end", async () => {
    const engine = new FakeEngine();
    const job = start(engine);
    engine.request(0).finish();
    await job.result;
    job.cancel();
    expect(engine.request(0).isCancelled).toBe(false);
  });
});

describe("a signal", () => {
  test("rejects the job with its reason", async () => {
    const engine = new FakeEngine();
    const controller = new AbortController();
    const job = start(engine, { signal: controller.signal });
    controller.abort("enough");
    await expect(job.result).rejects.toBe("enough");
    expect(engine.request(0).isCancelled).toBe(true);
  });

  test("that is already aborted starts no request", async () => {
    const engine = new FakeEngine();
    await expect(start(engine, { signal: AbortSignal.abort("no") }).result).rejects.toBe("no");
    expect(engine.requests).toHaveLength(0);
  });

  test("rejects a job whose prompt is being encoded at once", async () => {
    const engine = new FakeEngine();
    engine.tokens.isSlow = true;
    const controller = new AbortController();
    const job = start(engine, { signal: controller.signal });
    controller.abort("enough");
    await expect(job.result).rejects.toBe("enough");
  });
});

describe("timeoutMs", () => {
  test("gives the engine the time that is left after encoding", async () => {
    const engine = new FakeEngine();
    engine.tokens.isSlow = true;
    const job = start(engine, { timeoutMs: 10_000 });
    await sleep(50);
    expect(engine.request(0).call.timeoutMs).toBeLessThan(9990);
    engine.request(0).finish();
    await job.result;
  });

  test("ends all requests that wait for their prompt", async () => {
    const engine = new FakeEngine();
    engine.tokens.isSlow = true;
    const prompt = prepare(engine, "x");
    const job = new Job(engine, { timeoutMs: 5 }, ({ stream }) =>
      Promise.all([0, 1].map((index) => stream(index)({ seed: 0, maxTokens: 1, prompt }))),
    );
    const reasons = (await job.result).map(({ finishReason }) => finishReason);
    expect(reasons).toEqual(["timeout", "timeout"]);
  });
});

describe("a prompt", () => {
  test("is encoded once, however many requests share it", async () => {
    const engine = new FakeEngine(1000, (request) => request.finish());
    const prompt = prepare(engine, "x");
    const job = new Job(engine, {}, ({ stream }) =>
      Promise.all([0, 1, 2].map((index) => stream(index)({ seed: 0, maxTokens: 1, prompt }))),
    );
    await job.result;
    expect(engine.tokens.encodings).toBe(1);
    expect(engine.requests).toHaveLength(3);
  });

  test.each([
    [5, false],
    [6, true],
  ])("of 6 tokens with maxPromptTokens: %d runs: %s", async (maxPromptTokens, runs) => {
    const engine = new FakeEngine(1000, (request) => request.finish());
    const job = start(engine, { maxPromptTokens });
    if (runs) expect(await job.result).toMatchObject({ usage: { promptTokens: 6 } });
    else await expect(job.result).rejects.toMatchObject({ code: "CONTEXT_OVERFLOW" });
    expect(engine.requests).toHaveLength(runs ? 1 : 0);
  });
});
