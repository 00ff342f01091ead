import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { CodeLlama } from "../../../lib/index.ts";
import { piece, sendEvents, sendJson, startForeignServer } from "../../helpers/foreign-server.ts";
import {
  type Answer,
  anEvent,
  eventStream,
  failing,
  failureOf,
  forever,
  generating,
  json,
  slowly,
} from "../../helpers/hostile-answers.ts";

// Each call must settle with a typed error or a result, and the connection must be closed.

describe("a remote that is silent", () => {
  const idle = { idleTimeoutMs: 100 };

  test.each<[string, Answer]>([
    ["before the head of its answer", () => {}],
    ["after the head", (response) => response.writeHead(200, eventStream).flushHeaders()],
    ["inside an event", (response) => response.writeHead(200, eventStream).write("data: {")],
    ["inside JSON", (response) => response.writeHead(200, json).write('{"error":')],
    ["inside an error", (response) => response.writeHead(500, json).write('{"error":')],
    ["except for comments", (response) => slowly(response.writeHead(200, eventStream), ": hi\n\n")],
    ["except for blank lines", (response) => slowly(response.writeHead(200, eventStream), "\n\n")],
    [
      "except for events without content",
      (response) => slowly(response.writeHead(200, eventStream), anEvent(piece(""))),
    ],
    [
      "except for single bytes of an event",
      (response) => slowly(response.writeHead(200, eventStream), "x"),
    ],
    ["except for single bytes of JSON", (response) => slowly(response.writeHead(200, json), " ")],
    [
      "except for comments without a pause",
      (response) => {
        forever(response.writeHead(200, eventStream), `: ${"x".repeat(1000)}\n`);
      },
    ],
  ])("%s is an error", async (_, answer) => {
    const error = await failing(answer, idle);
    expect(error.code).toBe("REMOTE_FAILED");
    expect(error.message).toMatch(
      /^http:\/\/127\.0\.0\.1:\d+: the server sent no data for 0\.1 s$/,
    );
  });

  test.each<[string, Answer]>([
    ["before the head", () => {}],
    ["inside the list of models", (response) => response.writeHead(200, json).write("[")],
    ["except for white space", (response) => slowly(response.writeHead(200, json), " ")],
  ])("while connect() probes it, %s, is an error", async (_, answer) => {
    await using server = await startForeignServer((__, response) => answer(response));
    const error = await failureOf(CodeLlama.connect(server.url, idle));
    expect(error.message).toContain("no data for 0.1 s");
  });

  test("does not time out while text arrives", async () => {
    const { text } = await generating(
      (response) => {
        response.writeHead(200, eventStream);
        let sent = 0;
        const timer = setInterval(() => {
          response.write(anEvent(piece("a")));
          if (++sent < 15) return;
          clearInterval(timer);
          response.end(`${anEvent(piece("", "stop"))}data: [DONE]\n\n`);
        }, 20);
      },
      async (llama) => await llama.generate("x", { maxTokens: 50 }),
      { idleTimeoutMs: 200 },
    );
    expect(text).toBe("a".repeat(15));
  });
});

describe("a remote that sends too much", () => {
  // Created here, so that creating them does not block the event loop during a test.
  const compressed = gzipSync(anEvent(piece("x".repeat(2 ** 26))));
  const largeEvent = anEvent(piece("x".repeat(15 * 2 ** 20)));
  const longList = `{"data":"${"x".repeat(3 * 2 ** 20)}"}`;
  const wrongList = `{"data":[0${",0".repeat(400_000)}]}`;

  test.each<[string, Answer, RegExp]>([
    [
      "a compressed answer",
      (response) => {
        response.writeHead(200, { ...eventStream, "content-encoding": "gzip" });
        response.end(compressed);
      },
      /must not be compressed \(got content-encoding gzip\)/,
    ],
    [
      "an event of 15 MB",
      (response) => response.writeHead(200, eventStream).end(largeEvent),
      /an event of more than \d+ characters/,
    ],
    [
      "an event of many lines that never ends",
      (response) => forever(response.writeHead(200, eventStream), "data: 1\n"),
      /an event of more than \d+ characters/,
    ],
    [
      "a line that never ends",
      (response) => forever(response.writeHead(200, eventStream), "data: 1"),
      /an event of more than \d+ characters/,
    ],
    [
      "JSON that never ends",
      (response) => forever(response.writeHead(200, json), "[".repeat(10_000)),
      /more than 1048576 bytes/,
    ],
    [
      "an error that never ends",
      (response) => forever(response.writeHead(500, json), "[".repeat(10_000)),
      /HTTP 500/,
    ],
    [
      "headers that never end",
      (response) => response.socket?.end(`HTTP/1.1 200 OK\r\n${"a: b\r\n".repeat(100_000)}`),
      /HPE_HEADER_OVERFLOW/,
    ],
    [
      "informational answers and then nothing",
      (response) => {
        for (let sent = 0; sent < 1000; sent++) response.writeProcessing();
        response.socket?.end();
      },
      /the connection failed/,
    ],
  ])("%s is an error", async (_, answer, message) => {
    const error = await failing(answer);
    expect(error.code).toBe("REMOTE_FAILED");
    expect(error.message).toMatch(message);
  });

  test("a list of models that is compressed, too long or full of wrong elements is an error", async () => {
    const answers: Record<string, Answer> = {
      gzip: (response) =>
        response.writeHead(200, { ...json, "content-encoding": "gzip" }).end(compressed),
      "more than": (response) => response.writeHead(200, json).end(longList),
      "unexpected answer": (response) => response.writeHead(200, json).end(wrongList),
    };
    for (const [message, answer] of Object.entries(answers)) {
      await using server = await startForeignServer((_, response) => answer(response));
      const error = await failureOf(CodeLlama.connect(server.url));
      expect(error.code).toBe("REMOTE_FAILED");
      expect(error.message).toContain(message);
    }
  });

  test.each<[string, string | object]>([
    ["more text than tokens can hold", piece("x".repeat(1000))],
    ["more tokens", { choices: [{ text: "", token_ids: [7] }] }],
    ["more reasoning", { choices: [{ delta: { reasoning_content: "x".repeat(100_000) } }] }],
  ])("ends the answer at maxTokens: %s", async (_, event) => {
    const result = await generating(
      (response) => forever(response.writeHead(200, eventStream), anEvent(Object(event))),
      async (llama) =>
        "delta" in (Object(event).choices?.[0] ?? {})
          ? await llama.chat([{ role: "user", content: "x" }], { maxTokens: 20 })
          : await llama.generate("x", { maxTokens: 20 }),
      {},
    );
    expect(result.finishReason).toBe("length");
    expect(result.tokens.length).toBeLessThanOrEqual(20);
    expect(result.text.length).toBeLessThanOrEqual(20 * 1024);
    expect(result.usage.completionTokens).toBeLessThanOrEqual(20);
  });

  test("drops tokens beyond maxTokens", async () => {
    const token = (text: string, id: number) => ({ choices: [{ text, token_ids: [id] }] });
    const events = [token("a", 5), token("b", 6), token("c", 7), token("d", 8)];
    const { text, tokens, finishReason } = await generating(
      (response) => sendEvents(response, events),
      async (llama) => await llama.generate("x", { maxTokens: 2 }),
    );
    expect({ text, tokens, finishReason }).toEqual({
      text: "ab",
      tokens: Int32Array.of(5, 6),
      finishReason: "length",
    });
  });

  test("an event that repeats a long prompt is accepted", async () => {
    const prompt = "def f(x): return x\n".repeat(20_000);
    const { text } = await generating(
      (response) =>
        sendEvents(response, [
          { ...piece("a", "stop"), prompt, generation_settings: {} },
          "[DONE]",
        ]),
      async (llama) => await llama.generate(prompt, { maxTokens: 2 }),
    );
    expect(text).toBe("a");
  });
});

describe("a server that sends Retry-After", () => {
  const busy = (after: string): Answer => {
    return (response) => sendJson(response, { error: "busy" }, 429, { "retry-after": after });
  };

  test("does not keep a request that is cancelled during the pause", async () => {
    const { finishReason } = await generating(
      busy("20"),
      async (llama) => {
        const generation = llama.generate("x", { maxTokens: 5 });
        setTimeout(() => generation.cancel(), 100);
        return await generation;
      },
      { maxRetries: 5 },
    );
    expect(finishReason).toBe("abort");
  });

  test("does not hit the idle timeout during the pause", async () => {
    let asked = 0;
    const { text } = await generating(
      (response) => {
        if (asked++ === 0) busy("1")(response);
        else sendEvents(response, [piece("a", "stop"), "[DONE]"]);
      },
      async (llama) => await llama.generate("x", { maxTokens: 5 }),
      { maxRetries: 1, idleTimeoutMs: 300 },
    );
    expect(text).toBe("a");
  });

  test.each(["9".repeat(400), "Fri, 31 Dec 9999 23:59:59 GMT", "31"])(
    "of %s gets no second request",
    async (after) => {
      const error = await failing(busy(after), { maxRetries: 5 });
      expect(error.code).toBe("QUEUE_FULL");
    },
  );
});

test("the error for a redirect does not show its target", async () => {
  const error = await failing((response) => {
    response.writeHead(307, { location: "http://127.0.0.1:1/secret-place" }).end();
  });
  expect(error).toMatchObject({ code: "REMOTE_FAILED", status: 307 });
  expect(error.message).toContain("redirect");
  expect(error.message).not.toContain("secret-place");
});

test("opens a new connection if the remote closed the idle one", async () => {
  const sockets = new Set<unknown>();
  await generating(
    (response) => {
      sockets.add(response.socket);
      const { socket } = response;
      response.shouldKeepAlive = true;
      sendEvents(response, [piece("a", "stop"), "[DONE]"]);
      // The reset comes after the answer, without a warning to the client.
      response.on("finish", () => setTimeout(() => socket?.resetAndDestroy(), 5));
    },
    async (llama) => {
      for (let turn = 0; turn < 20; turn++) {
        expect((await llama.generate("x", { maxTokens: 5 })).text).toBe("a");
        await new Promise((resolve) => setTimeout(resolve, turn % 7));
      }
    },
  );
});

test("does not repeat a request whose connection breaks during the answer", async () => {
  let asked = 0;
  const { message } = await generating(
    (response) => {
      if (++asked === 1) return sendJson(response, { error: { message: "once more" } }, 400);
      response.writeHead(200, eventStream).write(anEvent(piece("a")));
      setTimeout(() => response.socket?.resetAndDestroy(), 20);
    },
    async (llama) => {
      await failureOf(llama.generate("x", { maxTokens: 5 }));
      return await failureOf(llama.generate("x", { maxTokens: 5 }));
    },
  );
  expect(message).toContain("ECONNRESET");
  expect(asked).toBe(2);
});
