import type { ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { modelPath } from "codellama-tiny";
import { describe, expect, test } from "vitest";
import {
  CodeLlama,
  CodeLlamaError,
  type ConnectOptions,
  type GenerateOptions,
} from "../../lib/index.ts";
import {
  piece,
  sendEvents,
  sendJson,
  startForeignServer,
  withModels,
} from "../helpers/foreign-server.ts";
import { until } from "../helpers/server.ts";

// Remotes that lie, never end or send too much. Each call must settle with a typed error or a result,
// and the connection must be closed.

type Answer = (response: ServerResponse) => void;

const eventStream = { "content-type": "text/event-stream" };
const json = { "content-type": "application/json" };
const anEvent = (event: object) => `data: ${JSON.stringify(event)}\n\n`;

/** Writes the same again and again, as fast as it is taken. */
function forever(response: ServerResponse, bytes: string | Uint8Array): void {
  const send = () => {
    while (!response.destroyed && response.write(bytes));
  };
  response.on("drain", send);
  send();
}

/** Writes the same every few milliseconds. */
function slowly(response: ServerResponse, bytes: string): void {
  const timer = setInterval(() => response.write(bytes), 10);
  response.on("close", () => clearInterval(timer));
}

async function failureOf(work: PromiseLike<unknown>): Promise<CodeLlamaError> {
  const error = await work.then(
    () => new Error("it did not fail"),
    (reason: unknown) => reason,
  );
  if (!CodeLlamaError.isInstance(error)) throw error;
  return error;
}

/** The models are told as they should be; the answer to a completion is `answer`'s. */
async function generating<Result>(
  answer: Answer,
  use: (llama: CodeLlama) => Promise<Result>,
  options: ConnectOptions = {},
  model: object = {},
): Promise<Result> {
  let closed = 0;
  const server = await startForeignServer(
    withModels(
      "vllm",
      (_, response) => {
        response.on("close", () => closed++);
        answer(response);
      },
      model,
    ),
  );
  try {
    await using llama = await CodeLlama.connect(server.url, { maxRetries: 0, ...options });
    const result = await use(llama);
    const asked = server.seen.length - 1;
    await until(() => closed === asked, "the connections are closed");
    return result;
  } finally {
    await server[Symbol.asyncDispose]();
  }
}

const failing = (answer: Answer, options?: ConnectOptions, call: GenerateOptions = {}) =>
  generating(answer, (llama) => failureOf(llama.generate("x", { maxTokens: 5, ...call })), options);

describe("a remote that is silent", () => {
  const idle = { idleTimeoutMs: 100 };

  test.each<[string, Answer]>([
    ["before the head of its answer", () => {}],
    ["behind the head", (response) => response.writeHead(200, eventStream).flushHeaders()],
    ["inside an event", (response) => response.writeHead(200, eventStream).write("data: {")],
    ["inside JSON", (response) => response.writeHead(200, json).write('{"error":')],
    ["inside an error", (response) => response.writeHead(500, json).write('{"error":')],
    ["but for comments", (response) => slowly(response.writeHead(200, eventStream), ": hi\n\n")],
    ["but for blank lines", (response) => slowly(response.writeHead(200, eventStream), "\n\n")],
    [
      "but for events that bring nothing",
      (response) => slowly(response.writeHead(200, eventStream), anEvent(piece(""))),
    ],
    [
      "but for single bytes of an event",
      (response) => slowly(response.writeHead(200, eventStream), "x"),
    ],
    ["but for single bytes of JSON", (response) => slowly(response.writeHead(200, json), " ")],
    [
      "but for comments, which never rest",
      (response) => {
        forever(response.writeHead(200, eventStream), `: ${"x".repeat(1000)}\n`);
      },
    ],
  ])("%s", async (_, answer) => {
    const error = await failing(answer, idle);
    expect(error.code).toBe("REMOTE_FAILED");
    expect(error.message).toMatch(/^http:\/\/127\.0\.0\.1:\d+: it has sent nothing for 0\.1 s$/);
  });

  test.each<[string, Answer]>([
    ["before the head", () => {}],
    ["inside the list of models", (response) => response.writeHead(200, json).write("[")],
    ["but for blank space", (response) => slowly(response.writeHead(200, json), " ")],
  ])("when it is asked what it is, %s", async (_, answer) => {
    await using server = await startForeignServer((__, response) => answer(response));
    const error = await failureOf(CodeLlama.connect(server.url, idle));
    expect(error.message).toContain("nothing for 0.1 s");
  });

  test("is given time as long as text comes", async () => {
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
  // Made here, so that no turn of the event loop in a test makes them.
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
      /encoded as gzip, which nobody asked for/,
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
  ])("%s", async (_, answer, message) => {
    const error = await failing(answer);
    expect(error.code).toBe("REMOTE_FAILED");
    expect(error.message).toMatch(message);
  });

  test("a list of models that is compressed, too long, or wrong in each of its elements", async () => {
    const answers: Record<string, Answer> = {
      gzip: (response) =>
        response.writeHead(200, { ...json, "content-encoding": "gzip" }).end(compressed),
      "more than": (response) => response.writeHead(200, json).end(longList),
      "unknown form": (response) => response.writeHead(200, json).end(wrongList),
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
  ])("%s: the answer ends at maxTokens", async (_, event) => {
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

  test("one token more is left out", async () => {
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

  test("an event that repeats the prompt is no hostile one", async () => {
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

describe("a remote that sends wrong values", () => {
  const choice = (fields: object) => ({ choices: [{ text: "a", ...fields }] });

  test.each<[string, object]>([
    ["a number as text", choice({ text: 1 })],
    ["an object as text", choice({ text: {} })],
    ["choices that are an object", { choices: { 0: piece("a") } }],
    ["choices of numbers", { choices: [1, 2, 3] }],
    ["a choice that is null", { choices: [null] }],
    ["an array as the event", [piece("a")]],
    ["a reason that is a number", choice({ finish_reason: 1 })],
    ["token ids that are strings", choice({ token_ids: ["1"] })],
    ["a negative token id", choice({ token_ids: [-1] })],
    ["half a token id", choice({ token_ids: [0.5] })],
    ["a token id beyond any vocabulary", choice({ token_ids: [2 ** 40] })],
    ["negative usage", { ...piece("a"), usage: { prompt_tokens: -1, completion_tokens: -5 } }],
    ["absurd usage", { ...piece("a"), usage: { prompt_tokens: 1, completion_tokens: 1e15 } }],
    ["half a token of usage", { ...piece("a"), usage: { prompt_tokens: 0.5 } }],
    ["usage in words", { ...piece("a"), usage: { prompt_tokens: "three" } }],
    [
      "negative cached tokens",
      { ...piece("a"), usage: { prompt_tokens_details: { cached_tokens: -7 } } },
    ],
  ])("%s", async (_, event) => {
    const error = await failing((response) => sendEvents(response, [event, "[DONE]"]));
    expect(error.code).toBe("REMOTE_FAILED");
    expect(error.message).toContain("/v1/completions answers in an unknown form");
  });

  test("tokens and log-probabilities of no vocabulary", async () => {
    const logprobs = (name: string) =>
      choice({ logprobs: { tokens: [name], token_logprobs: [-1], top_logprobs: [{}] } });
    for (const event of [
      choice({ token_ids: [2 ** 30] }),
      logprobs("token_id:1073741824"),
      logprobs("token_id:-1"),
      logprobs("constructor"),
      choice({ logprobs: { tokens: ["token_id:1"], token_logprobs: ["x"] } }),
      choice({ logprobs: { tokens: [{}], token_logprobs: [-1] } }),
    ]) {
      const error = await failing(
        (response) =>
          response.req.url === "/tokenize"
            ? sendJson(response, {}, 404)
            : sendEvents(response, [event, "[DONE]"]),
        { tokenizer: modelPath },
        { logprobs: 1 },
      );
      expect(error.code).toBe("REMOTE_FAILED");
      expect(error.message).toContain("unknown form");
    }
  });

  test("more cached tokens than the prompt has, and more new ones than were asked for", async () => {
    const usage = {
      prompt_tokens: 3,
      completion_tokens: 900,
      prompt_tokens_details: { cached_tokens: 500 },
    };
    const result = await generating(
      (response) => sendEvents(response, [{ ...piece("a", "stop"), usage }, "[DONE]"]),
      async (llama) => await llama.generate("x", { maxTokens: 5 }),
    );
    expect(result.usage).toMatchObject({ promptTokens: 3, cachedTokens: 3, completionTokens: 5 });
  });

  test.each(["constructor", "__proto__", "toString", "hasOwnProperty"])(
    "%s as owner and as reason is a string like others",
    async (name) => {
      await using server = await startForeignServer(
        withModels(name, ({ path }, response) => {
          if (path === "/info") sendJson(response, {}, 404);
          else sendEvents(response, [piece("a", name), "[DONE]"]);
        }),
      );
      await using llama = await CodeLlama.connect(server.url);
      const { text, finishReason } = await llama.generate("x", { maxTokens: 5 });
      expect({ text, finishReason }).toEqual({ text: "a", finishReason: "stop" });
    },
  );

  test.each<[string, object]>([
    ["an id that is a number", { id: 5 }],
    ["an id of half a megabyte", { id: "x".repeat(2 ** 19) }],
    ["a negative context", { max_model_len: -1 }],
    ["a context beyond all numbers", { max_model_len: 1e300 }],
    ["facts that are a string", { meta: "x" }],
    ["a context in words", { meta: { n_ctx: "many" } }],
    ["capabilities that are numbers", { meta: { capabilities: { infill: 1 } } }],
    ["a Code Llama of another kind", { meta: { capabilities: { codeLlama: "constructor" } } }],
    ["aliases that are numbers", { aliases: [1] }],
  ])("what it is: %s", async (_, model) => {
    await using server = await startForeignServer(withModels("vllm", () => {}, model));
    const error = await failureOf(CodeLlama.connect(server.url));
    expect(error.code).toBe("REMOTE_FAILED");
    expect(error.message).toContain("unknown form");
  });

  test("a context of no tokens is one that it does not tell", async () => {
    await using server = await startForeignServer(
      withModels("vllm", () => {}, { max_model_len: 0 }),
    );
    await using llama = await CodeLlama.connect(server.url);
    expect(llama.contextSize).toBe(Number.POSITIVE_INFINITY);
  });

  test("bytes that are not UTF-8", async () => {
    const event = Buffer.from(anEvent(piece("caf?")));
    event[event.indexOf("?")] = 0xe9;
    const streamed = await failing((response) => response.writeHead(200, eventStream).end(event));
    expect(streamed).toMatchObject({ code: "REMOTE_FAILED" });
    expect(streamed.message).toContain("not UTF-8");
    await using server = await startForeignServer((_, response) => {
      response.writeHead(200, json).end(Buffer.from('{"data":[{"id":"\xe9"}]}', "latin1"));
    });
    expect((await failureOf(CodeLlama.connect(server.url))).message).toContain("not UTF-8");
  });

  test("embeddings of wrong form", async () => {
    for (const data of [
      [],
      [{ embedding: [] }],
      [{ embedding: [1e300] }],
      [{ embedding: ["a"] }],
      [{ embedding: {} }],
      7,
      [1, 2],
    ]) {
      const error = await generating(
        (response) => sendJson(response, { data }),
        (llama) => failureOf(llama.embed("x")),
      );
      expect(error).toMatchObject({ code: "REMOTE_FAILED" });
    }
  });
});

describe("a remote that asks for patience", () => {
  const busy = (after: string): Answer => {
    return (response) => sendJson(response, { error: "busy" }, 429, { "retry-after": after });
  };

  test("is left while the pause lasts", async () => {
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

  test("a pause is no silence of the remote's", async () => {
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
    "for %s is not asked again",
    async (after) => {
      const error = await failing(busy(after), { maxRetries: 5 });
      expect(error.code).toBe("QUEUE_FULL");
    },
  );
});

test("a redirect is told, and where to is not", async () => {
  const error = await failing((response) => {
    response.writeHead(307, { location: "http://127.0.0.1:1/secret-place" }).end();
  });
  expect(error).toMatchObject({ code: "REMOTE_FAILED", status: 307 });
  expect(error.message).toContain("redirect");
  expect(error.message).not.toContain("secret-place");
});

test("a connection that the remote closed meanwhile is made anew", async () => {
  const sockets = new Set<unknown>();
  await generating(
    (response) => {
      sockets.add(response.socket);
      const { socket } = response;
      response.shouldKeepAlive = true;
      sendEvents(response, [piece("a", "stop"), "[DONE]"]);
      // Behind the answer, with no word to the client before.
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

test("a connection that breaks inside a later answer is not asked again", async () => {
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
