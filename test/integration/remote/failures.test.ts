import { modelPath } from "codellama-tiny";
import { describe, expect, test } from "vitest";
import { CodeLlama, CodeLlamaError, type ConnectOptions } from "../../../lib/index.ts";
import {
  piece,
  sendEvents,
  sendJson,
  startForeignServer,
  withModels,
} from "../../helpers/foreign-server.ts";
import { startTinyServer, until } from "../../helpers/server.ts";

const apiKey = "secret-that-nobody-sees";

/** Returns the error of a call and checks that it does not show the key. */
async function failure(call: () => PromiseLike<unknown>): Promise<CodeLlamaError> {
  try {
    await call();
  } catch (error) {
    if (!CodeLlamaError.isInstance(error)) throw error;
    const shown = `${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`;
    expect(shown).not.toContain(apiKey);
    return error;
  }
  throw new Error("it did not fail");
}

describe("connect()", () => {
  test.each<[string, unknown, ConnectOptions | Record<string, unknown>, RegExp]>([
    [
      "a url without a protocol",
      "127.0.0.1:8080",
      {},
      /url must begin with http:.*127\.0\.0\.1:8080"/,
    ],
    ["another protocol", "ftp://example.com", {}, /url must begin with http:/],
    ["a number", 8080, {}, /url must begin with http:.*8080/],
    ["a user", `http://me:${apiKey}@127.0.0.1:1`, {}, /no user, password or query/],
    ["a query", `http://127.0.0.1:1/?key=${apiKey}`, {}, /no user, password or query/],
    ["a key with a line break", "http://127.0.0.1:1", { apiKey: `${apiKey}\n` }, /apiKey must be/],
    ["an unknown option", "http://127.0.0.1:1", { apikey: "x" }, /did you mean "apiKey"/],
    ["too many retries", "http://127.0.0.1:1", { maxRetries: 99 }, /maxRetries must be/],
    ["an unknown kind", "http://127.0.0.1:1", { kind: "ollama" }, /kind must be/],
  ])("rejects %s", async (_, url, options, message) => {
    const error = await failure(() => CodeLlama.connect(url as string, options));
    expect(error.code).toBe("INVALID_ARGUMENT");
    expect(error.message).toMatch(message);
  });

  test("fails if no server listens at the url", async () => {
    const server = await startForeignServer(() => {});
    await server[Symbol.asyncDispose]();
    const error = await failure(() => CodeLlama.connect(server.url, { apiKey }));
    expect(error).toMatchObject({ code: "REMOTE_FAILED" });
    expect(error.message).toContain("ECONNREFUSED");
  });

  test("fails with a wrong key and without a key", async () => {
    await using server = await startTinyServer({ apiKeys: [{ name: "a", key: "the-right-key" }] });
    const wrong = await failure(() => CodeLlama.connect(server.url, { apiKey }));
    expect(wrong).toMatchObject({ code: "REMOTE_FAILED", status: 401 });
    expect(wrong.message).toContain("rejects the apiKey");
    const none = await failure(() => CodeLlama.connect(server.url));
    expect(none.message).toContain("requires an apiKey");
  });

  test("does not show a key that the remote repeats", async () => {
    await using server = await startForeignServer(({ headers }, response) => {
      sendJson(response, { error: { message: `bad ${headers.authorization}` } }, 401);
    });
    const error = await failure(() => CodeLlama.connect(server.url, { apiKey }));
    expect(error.message).toContain("bad Bearer …");
  });

  test("fails if the server answers with a page of HTML", async () => {
    await using server = await startForeignServer((_, response) => {
      response.writeHead(200, { "content-type": "text/html" });
      response.end("<html>Welcome</html>");
    });
    const error = await failure(() => CodeLlama.connect(server.url, { apiKey }));
    expect(error).toMatchObject({ code: "REMOTE_FAILED" });
    expect(error.message).toMatch(/text\/html.*check the url/);
  });

  test("does not follow a redirect", async () => {
    await using elsewhere = await startForeignServer((_, response) => sendJson(response, {}));
    await using server = await startForeignServer((_, response) => {
      response.writeHead(302, { location: `${elsewhere.url}/v1/models` });
      response.end();
    });
    await failure(() => CodeLlama.connect(server.url, { apiKey }));
    expect(elsewhere.seen).toEqual([]);
  });

  test.each([
    ["invalid JSON", "{", /invalid JSON/],
    ["an unexpected form", '{"models":[]}', /unexpected answer/],
  ])("fails for a list of models with %s", async (_, body, message) => {
    await using server = await startForeignServer((_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(body);
    });
    const error = await failure(() => CodeLlama.connect(server.url));
    expect(error.message).toMatch(message);
  });

  test("requires the name of an available model if the server has several", async () => {
    await using server = await startForeignServer(({ path }, response) => {
      if (path !== "/v1/models") return sendJson(response, {}, 404);
      sendJson(response, { data: [{ id: "one" }, { id: "two" }] });
    });
    const unknown = await failure(() => CodeLlama.connect(server.url, { model: "three" }));
    expect(unknown.code).toBe("MODEL_NOT_FOUND");
    expect(unknown.message).toContain('"one", "two"');
    const open = await failure(() => CodeLlama.connect(server.url));
    expect(open.message).toMatch(/model must name one.*"one", "two"/);
    await using llama = await CodeLlama.connect(server.url, { model: "two" });
    expect(llama.model.name).toBe("two");
  });

  test("accepts an alias of a node-codellama server's model", async () => {
    await using server = await startTinyServer({ aliases: ["code"] });
    await using llama = await CodeLlama.connect(server.url, { model: "code" });
    expect((await llama.generate("def", { maxTokens: 1 })).text).not.toBe("");
    const error = await failure(() => CodeLlama.connect(server.url, { model: "other" }));
    expect(error.code).toBe("MODEL_NOT_FOUND");
  });

  test("rejects a tokenizer with another vocabulary", async () => {
    const answer = withModels("vllm", ({ path }, response) => {
      sendJson(response, path === "/tokenize" ? { tokens: [1, 2, 3] } : {});
    });
    await using server = await startForeignServer(answer);
    const error = await failure(() => CodeLlama.connect(server.url, { tokenizer: modelPath }));
    expect(error.code).toBe("INVALID_ARGUMENT");
    expect(error.message).toContain("must have the vocabulary of the remote model");
  });

  test("stops when its signal aborts", async () => {
    await using server = await startForeignServer(() => {});
    const controller = new AbortController();
    const connecting = CodeLlama.connect(server.url, { signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(connecting).rejects.toThrow("enough");
  });
});

describe("an answer", () => {
  const generate = async (
    events: readonly (object | string)[],
    options: ConnectOptions = {},
  ): Promise<CodeLlamaError> => {
    const answer = withModels("vllm", (_, response) => sendEvents(response, events));
    await using server = await startForeignServer(answer);
    await using llama = await CodeLlama.connect(server.url, { apiKey, ...options });
    return await failure(() => llama.generate("x", { maxTokens: 5 }));
  };

  test.each<[string, readonly (object | string)[], RegExp]>([
    ["that ends early", [piece("a")], /ended before its last event/],
    ["without a finish reason", [piece("a"), "[DONE]"], /without a finish reason/],
    ["with an event that is not JSON", [piece("a"), "{garbage"], /not JSON/],
    ["with an event that is not an object", ["17"], /not a JSON object/],
    ["of an unexpected form", [{ choices: "none" }], /unexpected answer/],
    ["with an error in it", [piece("a"), { error: { message: "out of luck" } }], /out of luck/],
  ])("%s rejects", async (_, events, message) => {
    const error = await generate(events);
    expect(error.code).toBe("REMOTE_FAILED");
    expect(error.message).toMatch(message);
  });

  test("with one of our error codes keeps the code", async () => {
    const error = await generate([{ error: { message: "no", code: "CONTEXT_OVERFLOW" } }]);
    expect(error.code).toBe("CONTEXT_OVERFLOW");
  });

  test.each([
    [400, { error: { message: "maximum context length is 8" } }, "CONTEXT_OVERFLOW"],
    [400, { error: { type: "exceed_context_size_error", message: "long" } }, "CONTEXT_OVERFLOW"],
    [429, { error: "slow down" }, "QUEUE_FULL"],
    [500, { detail: "oh dear" }, "REMOTE_FAILED"],
    [503, { error: { message: "Loading model" } }, "REMOTE_FAILED"],
  ])("with status %i rejects with the matching code", async (status, body, code) => {
    const answer = withModels("vllm", (_, response) => sendJson(response, body, status));
    await using server = await startForeignServer(answer);
    await using llama = await CodeLlama.connect(server.url, { maxRetries: 0 });
    const error = await failure(() => llama.generate("x", { maxTokens: 5 }));
    expect(error.code).toBe(code);
    if (code === "REMOTE_FAILED") expect(error.status).toBe(status);
  });

  test("whose connection breaks rejects", async () => {
    const answer = withModels("vllm", (_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`data: ${JSON.stringify(piece("a"))}\n\n`);
      setImmediate(() => response.destroy());
    });
    await using server = await startForeignServer(answer);
    await using llama = await CodeLlama.connect(server.url);
    const error = await failure(() => llama.generate("x", { maxTokens: 5 }));
    expect(error).toMatchObject({ code: "REMOTE_FAILED" });
  });

  test("that stalls rejects after idleTimeoutMs", async () => {
    const answer = withModels("vllm", (_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`data: ${JSON.stringify(piece("a"))}\n\n`);
    });
    await using server = await startForeignServer(answer);
    await using llama = await CodeLlama.connect(server.url, { idleTimeoutMs: 50 });
    const error = await failure(() => llama.generate("x", { maxTokens: 5 }));
    expect(error.message).toContain("no data for 0.05 s");
  });

  test("that arrives byte by byte is read correctly", async () => {
    const bytes = Buffer.from(
      `: hello\r\n\r\ndata: ${JSON.stringify(piece("漢☺"))}\r\n\r\n` +
        `data: ${JSON.stringify(piece("", "stop"))}\n\ndata: [DONE]\n\n`,
    );
    const answer = withModels("vllm", async (_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const byte of bytes) {
        response.write(Uint8Array.of(byte));
        await new Promise(setImmediate);
      }
      response.end();
    });
    await using server = await startForeignServer(answer);
    await using llama = await CodeLlama.connect(server.url);
    expect((await llama.generate("x", { maxTokens: 5 })).text).toBe("漢☺");
  });
});

describe("a request to a busy server", () => {
  test("is repeated after the time in Retry-After", async () => {
    let turned = 0;
    const answer = withModels("vllm", (_, response) => {
      if (turned++ < 2) sendJson(response, { error: "busy" }, 429, { "retry-after": "0" });
      else sendEvents(response, [piece("at last", "stop"), "[DONE]"]);
    });
    await using server = await startForeignServer(answer);
    await using llama = await CodeLlama.connect(server.url);
    expect((await llama.generate("x", { maxTokens: 5 })).text).toBe("at last");
    expect(turned).toBe(3);
  });

  test("is not repeated if Retry-After is too long", async () => {
    const answer = withModels("vllm", (_, response) => {
      sendJson(response, { error: "busy" }, 429, { "retry-after": "3600" });
    });
    await using server = await startForeignServer(answer);
    await using llama = await CodeLlama.connect(server.url);
    const error = await failure(() => llama.generate("x", { maxTokens: 5 }));
    expect(error.code).toBe("QUEUE_FULL");
    expect(server.seen).toHaveLength(2);
  });

  test("is not repeated once the answer has started", async () => {
    const answer = withModels("vllm", (_, response) => sendEvents(response, [piece("a")]));
    await using server = await startForeignServer(answer);
    await using llama = await CodeLlama.connect(server.url);
    await failure(() => llama.generate("x", { maxTokens: 5 }));
    expect(server.seen).toHaveLength(2);
  });
});

test("a slow reader stops the remote through back-pressure", async () => {
  const wholeAnswer = 20_000;
  let sent = 0;
  let gone = false;
  const answer = withModels("vllm", (_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.on("close", () => {
      gone = true;
    });
    const event = `data: ${JSON.stringify(piece("x".repeat(10_000)))}\n\n`;
    const send = () => {
      let flows = true;
      while (flows && sent < wholeAnswer) {
        flows = response.write(event);
        sent++;
      }
    };
    response.on("drain", send);
    send();
  });
  await using server = await startForeignServer(answer);
  await using llama = await CodeLlama.connect(server.url);
  const generation = llama.generate("x", { maxTokens: 5 });
  const chunks = generation[Symbol.asyncIterator]();
  await chunks.next();
  for (let before = -1; before < sent; ) {
    before = sent;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  expect(sent).toBeLessThan(wholeAnswer);
  await chunks.return();
  await until(() => gone, "the connection is closed");
});
