import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Fuzzer, FuzzRun } from "../helpers/fuzzing.ts";
import { hostileText, SchemaValues, type ValueSchema } from "../helpers/hostile-values.ts";
import type { Random } from "../helpers/random.ts";
import { exchangeRaw } from "../helpers/raw-http.ts";
import { serve } from "../helpers/serve.ts";

// The server ends a generation after `generationSeconds`, so a valid request gets its answer long
// before `answerMs`.
const generationSeconds = 2;
const answerMs = 60_000;
const quietMs = 200;
const memoryBytes = 1.5e9;
const checkEvery = 20;

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, ValueSchema>> };
}

interface Operation {
  readonly requestBody?: {
    readonly content: { readonly "application/json": { readonly schema: ValueSchema } };
  };
}

interface Target {
  readonly method: string;
  readonly path: string;
  readonly schema: ValueSchema | undefined;
}

/** Every route of the server's own OpenAPI document. */
function targetsOf(document: Document): readonly [Target, ...Target[]] {
  const targets = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      schema: operation.requestBody?.content["application/json"].schema,
    })),
  );
  const [first, ...rest] = targets;
  if (first === undefined) throw new Error("the OpenAPI document has no paths");
  return [first, ...rest];
}

interface RawRequest {
  readonly bytes: Buffer;
  /** Whether the HTTP framing is valid: the server must then answer. */
  readonly isWhole: boolean;
}

/** Makes random requests for the routes of an OpenAPI document. */
class RequestWriter {
  constructor(
    readonly random: Random,
    readonly document: Document,
    readonly host: string,
  ) {}

  /** A valid request, or a request with a damaged body, head or framing. */
  next(): RawRequest {
    const { random } = this;
    const target = random.pick(targetsOf(this.document));
    const body = target.schema === undefined ? "" : this.#body(target.schema);
    const chunked = random.below(4) === 0;
    const payload = Buffer.from(body);
    const framed = chunked ? this.#chunks(payload) : payload;
    const head = this.#head(target, chunked ? undefined : payload.length);
    const bytes = Buffer.concat([Buffer.from(head, "latin1"), framed]);
    const isSpoiled = random.below(2) === 0;
    return { bytes: isSpoiled ? this.#spoil(bytes) : bytes, isWhole: !isSpoiled };
  }

  #body(schema: ValueSchema): string {
    const { random, document } = this;
    const resolve = (reference: string) =>
      document.components.schemas[reference.split("/").at(-1) ?? ""] ?? {};
    const hostileEvery = random.pick([0, 5, 30]);
    const text = JSON.stringify(new SchemaValues(random, resolve, hostileEvery).of(schema)) ?? "";
    if (random.below(8) > 0) return text;
    const at = random.below(text.length + 1);
    return text.slice(0, at) + hostileText(random, 5) + text.slice(at + random.below(5));
  }

  #head({ method, path, schema }: Target, length: number | undefined): string {
    const lines = [`${method} ${path} HTTP/1.1`, `Host: ${this.host}`, "Connection: close"];
    if (schema !== undefined) lines.push("Content-Type: application/json");
    lines.push(length === undefined ? "Transfer-Encoding: chunked" : `Content-Length: ${length}`);
    return `${lines.join("\r\n")}\r\n\r\n`;
  }

  #chunks(payload: Buffer): Buffer {
    const parts: Buffer[] = [];
    for (let at = 0; at < payload.length; ) {
      const piece = payload.subarray(at, at + 1 + this.random.below(200));
      parts.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from("\r\n"));
      at += piece.length;
    }
    return Buffer.concat([...parts, Buffer.from("0\r\n\r\n")]);
  }

  #spoil(bytes: Buffer): Buffer {
    const { random } = this;
    const at = random.below(bytes.length);
    const insert = (text: string) =>
      Buffer.concat([bytes.subarray(0, at), Buffer.from(text), bytes.subarray(at)]);
    const replaceHead = (pattern: RegExp, text: string) =>
      Buffer.from(bytes.toString("latin1").replace(pattern, text), "latin1");
    const spoilers = [
      () => bytes.subarray(0, at),
      () => Buffer.concat([bytes, bytes]),
      () => insert(hostileText(random, 10)),
      () => insert(`\r\nX-${random.below(100)}: ${"a".repeat(random.below(40_000))}\r\n`),
      () => replaceHead(/Content-Length: \d+/, `Content-Length: ${random.below(2 ** 31) - 100}`),
      () => replaceHead(/Content-Length: \d+/, "Content-Length: 5\r\nContent-Length: 6"),
      () => replaceHead(/Content-Length/, "Transfer-Encoding: chunked\r\nContent-Length"),
      () => replaceHead(/Connection: close/, `Content-Encoding: ${random.pick(["gzip", "br"])}`),
      () => replaceHead(/Host: .*/, `Host: ${random.pick(["", "evil.example", "[::1", "a b"])}`),
      () => replaceHead(/Connection: close/, "Expect: 100-continue"),
      () => replaceHead(/Connection: close/, "Connection: Upgrade\r\nUpgrade: websocket"),
      () =>
        replaceHead(
          /^(\w+) \S+/,
          `$1 ${encodeURI(Buffer.from(hostileText(random, 20)).toString())}`,
        ),
      () => replaceHead(/^\w+/, random.pick(["HEAD", "OPTIONS", "CONNECT", "TRACE", "PATCH", "X"])),
      () => replaceHead(/HTTP\/1\.1/, random.pick(["HTTP/1.0", "HTTP/2.0", "HTTP/9", "ICY"])),
      () => {
        const changed = Buffer.from(bytes);
        for (let count = 1 + random.below(8); count > 0; count--) {
          changed[random.below(changed.length)] = random.below(256);
        }
        return changed;
      },
    ] as const;
    return random.pick(spoilers)();
  }
}

function inPieces(random: Random, bytes: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  const size = random.pick([
    bytes.length + 1,
    bytes.length + 1,
    1 + random.below(bytes.length + 1),
  ]);
  for (let at = 0; at < bytes.length && pieces.length < 20; at += size) {
    pieces.push(bytes.subarray(at, pieces.length === 19 ? undefined : at + size));
  }
  return pieces;
}

/** Sends one request and checks the answer. */
async function visit(random: Random, writer: RequestWriter, port: number): Promise<void> {
  const { bytes, isWhole } = writer.next();
  const leaves = random.below(5) === 0;
  const mustAnswer = isWhole && !leaves;
  const pieces = inPieces(random, bytes);
  const waitMs = mustAnswer ? answerMs : quietMs;
  const { statuses, closed } = await exchangeRaw(port, {
    pieces,
    pauseMs: random.below(3),
    leaves,
    waitMs,
  });
  const shown = () => `\n${bytes.toString("latin1").slice(0, 4000)}`;
  if (mustAnswer && !closed)
    throw new Error(`no end of the answer after ${answerMs} ms:${shown()}`);
  if (mustAnswer && statuses.length === 0) throw new Error(`no answer:${shown()}`);
  if (statuses.includes(500)) throw new Error(`status 500:${shown()}`);
}

const greedyRequest = JSON.stringify({ prompt: "def add(a, b):", max_tokens: 8, temperature: 0 });

class Server {
  constructor(
    readonly url: string,
    readonly pid: number,
    readonly heldFile: string,
  ) {}

  get port(): number {
    return Number(new URL(this.url).port);
  }

  async document(): Promise<Document> {
    return (await (await this.#get("/openapi.json")).json()) as Document;
  }

  /** Text of a greedy answer. No earlier request may change it. */
  async text(): Promise<string> {
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${this.url}/v1/completions`, {
      method: "POST",
      headers,
      body: greedyRequest,
    });
    const answer = (await response.json()) as { choices?: readonly { text: string }[] };
    return answer.choices?.[0]?.text ?? `status ${response.status}`;
  }

  /** Throws if a turn of the server's event loop was too long. */
  requireFreeLoop(): void {
    if (existsSync(this.heldFile)) throw new Error(readFileSync(this.heldFile, "utf8"));
  }

  async requireHealth(): Promise<void> {
    const { status } = await this.#get("/health");
    if (status !== 200) throw new Error(`GET /health answers ${status}`);
    const resident = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${this.pid}/status`, "utf8"))?.[1];
    const bytes = Number(resident) * 1024;
    if (bytes > memoryBytes) {
      throw new Error(`the server may use ${memoryBytes} bytes of memory (got ${bytes})`);
    }
  }

  #get(path: string): Promise<Response> {
    return fetch(this.url + path, { signal: AbortSignal.timeout(answerMs) });
  }
}

async function visitServer(run: FuzzRun, server: Server): Promise<void> {
  const document = await server.document();
  const expected = await server.text();
  for (const { index, random } of run.cases()) {
    const writer = new RequestWriter(random, document, new URL(server.url).host);
    const clients = random.below(4) === 0 ? 1 + random.below(6) : 1;
    await Promise.all(Array.from({ length: clients }, () => visit(random, writer, server.port)));
    server.requireFreeLoop();
    if (index % checkEvery === 0) await server.requireHealth();
  }
  await server.requireHealth();
  const text = await server.text();
  if (text !== expected) throw new Error(`the greedy answer must stay ${expected} (got ${text})`);
}

const http: Fuzzer = {
  description: "raw HTTP requests to `node-codellama serve`, made from its OpenAPI document",
  unavailable: () => (process.platform === "linux" ? undefined : "it needs /proc"),
  async fuzz(run) {
    const folder = mkdtempSync(join(tmpdir(), "node-codellama-http-"));
    process.env.NODE_CODELLAMA_HELD_FILE = join(folder, "held");
    try {
      await fuzzServer(run, process.env.NODE_CODELLAMA_HELD_FILE);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function fuzzServer(run: FuzzRun, heldFile: string): Promise<void> {
  const { child, outcome, url } = await serve(
    ...["--quiet", "--context-size", "512", "--parallel", "4", "--grace", "5"],
    ...["--timeout", `${generationSeconds}`],
  );
  try {
    const died = once(child, "exit").then(([code, signal]) => {
      throw new Error(`the server ended by itself: ${signal ?? `exit code ${code}`}`);
    });
    await Promise.race([visitServer(run, new Server(url, child.pid ?? 0, heldFile)), died]);
  } catch (error) {
    child.kill("SIGKILL");
    console.error((await outcome).stderr.slice(-4000));
    throw error;
  }
  child.removeAllListeners("exit");
  child.kill("SIGTERM");
  const { code, stderr } = await outcome;
  if (code !== 0) throw new Error(`exit code ${code} after SIGTERM:\n${stderr.slice(-4000)}`);
}

export default http;
