import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { hostileJson, hostileNumber, hostileText } from "./hostile-values.ts";
import type { Random } from "./random.ts";

/** What the server does after the bytes of an answer. */
type Ending = "keep" | "end" | "reset" | "silence" | "repeat";

interface Answer {
  readonly head: string;
  readonly body: Buffer;
  readonly ending: Ending;
  /** Number of bytes that are sent at a time, with a pause after each piece. */
  readonly pieceLength: number;
}

const endings = ["keep", "end", "reset", "silence", "repeat"] as const;
const owners = [
  "vllm",
  "llamacpp",
  "node-codellama",
  "lmdeploy",
  "constructor",
  "somebody",
] as const;

/**
 * A remote server that is mostly correct and sometimes wrong at any layer: connection, head, framing,
 * events, JSON or values. The random numbers decide everything.
 */
export class HostileRemote implements AsyncDisposable {
  readonly #random: Random;
  readonly #apiKey: string;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((socket) => this.#serve(socket));

  constructor(random: Random, apiKey: string) {
    this.#random = random;
    this.#apiKey = apiKey;
  }

  async listen(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Number of open connections. */
  get connections(): number {
    return this.#sockets.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket)).on("error", () => {});
    if (this.#random.below(30) === 0) return void socket.destroy();
    let received = "";
    socket.on("data", (bytes) => {
      received += bytes.toString("latin1");
      const [head = "", body] = received.split(/\r\n\r\n/s, 2);
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
      if (body === undefined || received.length < head.length + 4 + length) return;
      received = "";
      void this.#send(socket, this.#answer(head.split(" ")[1] ?? ""));
    });
  }

  async #send(socket: Socket, { head, body, ending, pieceLength }: Answer): Promise<void> {
    if (ending === "silence" && this.#random.below(3) === 0) return;
    socket.write(head, "latin1");
    for (let start = 0; start < body.length && !socket.destroyed; start += pieceLength) {
      const taken = socket.write(body.subarray(start, start + pieceLength));
      if (pieceLength < body.length) await delay(1);
      if (!taken) await drained(socket);
    }
    if (ending === "end") socket.end();
    if (ending === "reset") socket.resetAndDestroy();
    while (ending === "repeat" && !socket.destroyed) {
      if (!socket.write(body)) await drained(socket);
      await delay(0);
    }
  }

  #answer(path: string): Answer {
    const random = this.#random;
    const isStream = /completion/.test(path) && random.below(20) > 0;
    const values = this.#values(path).map((value) => this.#spoilValue(value));
    const text = isStream ? this.#events(values) : JSON.stringify(values[0] ?? {});
    const body = this.#spoilBytes(Buffer.from(text));
    const isWrong = random.below(4) === 0;
    return {
      head: this.#head(path, isStream ? "text/event-stream" : "application/json", body.length),
      body,
      ending: isWrong ? random.pick(endings) : "keep",
      pieceLength: random.below(6) === 0 ? 1 + random.below(400) : body.length + 1,
    };
  }

  /** The correct answer to a request: one value, or one value per event. */
  #values(path: string): unknown[] {
    const random = this.#random;
    if (path === "/v1/models") {
      const model = { id: "some-model", owned_by: random.pick(owners), max_model_len: 2048 };
      return [{ data: [{ ...model, meta: { capabilities: { infill: true, chat: true } } }] }];
    }
    if (path === "/info") return [{ max_total_tokens: 100 }];
    if (path === "/props") return [{ default_generation_settings: { n_ctx: 512 } }];
    if (path === "/v1/embeddings") return [{ data: [{ embedding: [0.5, 1, -1] }] }];
    if (!/completion/.test(path)) return [{}];
    const count = random.below(8);
    const usage = { prompt_tokens: 3, completion_tokens: count };
    const texts = Array.from({ length: count }, () => hostileText(random, 4));
    if (path === "/completion") {
      const last = { content: "", tokens: [], stop: true, stop_type: "eos", tokens_evaluated: 3 };
      return [...texts.map((content) => ({ content, tokens: [7] })), last];
    }
    const choice = path.includes("chat")
      ? (text: string) => ({ delta: { content: text } })
      : (text: string) => ({
          text,
          token_ids: [random.below(32_000)],
          logprobs: { tokens: ["token_id:5"], token_logprobs: [-1], top_logprobs: [{}] },
        });
    return [
      ...texts.map((text) => ({ choices: [choice(text)] })),
      { choices: [{ ...choice(""), finish_reason: random.pick(["stop", "length"]) }], usage },
    ];
  }

  /** Replaces some parts of a value by wrong ones. */
  #spoilValue(value: unknown): unknown {
    const random = this.#random;
    if (random.below(40) === 0) return hostileJson(random);
    if (typeof value === "number" && random.below(15) === 0) return hostileNumber(random);
    if (Array.isArray(value)) {
      if (random.below(60) > 0) return value.map((item) => this.#spoilValue(item));
      return Array(random.below(100_000)).fill(random.pick<unknown>([0, null, "", {}, []]));
    }
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value)
      .filter(() => random.below(40) > 0)
      .map(([name, part]) => [name, this.#spoilValue(part)] as const);
    if (random.below(40) === 0) entries.push(["error", this.#error()]);
    if (random.below(40) === 0) entries.push([hostileText(random, 1), hostileJson(random)]);
    return Object.fromEntries(entries);
  }

  /** An error that contains the API key in some form. */
  #error(): unknown {
    const random = this.#random;
    const key = random.pick([
      this.#apiKey,
      this.#apiKey.slice(0, 12),
      encodeURIComponent(this.#apiKey),
      Buffer.from(`Bearer ${this.#apiKey}`).toString("base64"),
      this.#apiKey.split("").join(" "),
    ]);
    const message = `${"-".repeat(random.below(400))}${key}${hostileText(random)}`;
    return random.pick<unknown>([
      message,
      { message },
      { message, code: "INVALID_ARGUMENT" },
      { code: key },
    ]);
  }

  #events(values: readonly unknown[]): string {
    const random = this.#random;
    const lineEnd = random.pick(["\n", "\n", "\r\n", "\r"]);
    const lines = values.flatMap((value) => {
      const noise = random.pick(["", "", ": comment", "id: 1", "event: x", "retry: 9", "data"]);
      const wrong = random.below(30) === 0 ? hostileText(random) : JSON.stringify(value);
      return [...(noise === "" ? [] : [noise]), `data: ${wrong}`, ""];
    });
    if (random.below(10) > 0) lines.push("data: [DONE]", "");
    return `${lines.join(lineEnd)}${lineEnd}`;
  }

  #spoilBytes(bytes: Buffer): Buffer {
    const random = this.#random;
    if (random.below(6) > 0 || bytes.length === 0) return bytes;
    const at = random.below(bytes.length);
    const between = (inserted: Buffer) =>
      Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at)]);
    const spoilers = [
      () => bytes.subarray(0, at),
      () => between(Buffer.from([random.below(256), random.below(256)])),
      () => between(Buffer.from(hostileText(random))),
      () =>
        between(Buffer.alloc(random.below(2 ** 21), random.pick(["x", "[", '{"a":', "\r", " "]))),
      () => Buffer.concat([bytes, bytes]),
    ] as const;
    return random.pick(spoilers)();
  }

  #head(path: string, type: string, length: number): string {
    const random = this.#random;
    const isWrong = random.below(5) === 0;
    const wrong = <Value>(...values: [Value, ...Value[]]) => random.pick(values);
    const status = isWrong ? wrong(200, 200, 204, 302, 400, 401, 404, 429, 500, 503, 999, 0) : 200;
    const lines = [`HTTP/1.1 ${status} ${path}`, `content-type: ${type}`];
    lines.push(`content-length: ${length}`);
    if (!isWrong) return `${lines.join("\r\n")}\r\n\r\n`;
    // Short pauses, or pauses that are too long to be obeyed. The run would spend others on waiting.
    const after = wrong(
      "0",
      "1",
      "31",
      "-1",
      "9".repeat(400),
      "soon",
      "Fri, 31 Dec 9999 23:59:59 GMT",
    );
    if (random.below(2) === 0) lines.push(`retry-after: ${after}`);
    const spoilers: readonly [() => string, ...(() => string)[]] = [
      () => "",
      () => `content-length: ${hostileNumber(random)}`,
      () => "transfer-encoding: chunked",
      () => `content-encoding: ${wrong("gzip", "br", "identity", "x")}`,
      () => `location: ${wrong("/", "http://127.0.0.1:1/", "x:")}`,
      () => `x: ${"a".repeat(random.below(40_000))}`,
      () => "connection: upgrade\r\nupgrade: websocket",
      () => hostileText(random),
    ];
    const text = [...lines, random.pick(spoilers)()].filter((line) => line !== "").join("\r\n");
    const before = wrong(
      "",
      "",
      "",
      "HTTP/1.1 100 Continue\r\n\r\n",
      "HTTP/1.1 101 X\r\n\r\n",
      "\0",
    );
    const drop = random.below(10) === 0 ? random.below(text.length) : text.length;
    return `${before}${text.slice(0, drop)}\r\n\r\n`;
  }
}

/** Resolves when the reader has caught up or left, and after 100 ms if it does not read. */
async function drained(socket: Socket): Promise<void> {
  if (!socket.destroyed) await Promise.race([once(socket, "drain").catch(() => {}), delay(100)]);
}
