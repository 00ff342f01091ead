import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A file that the hub has. */
export interface HubContent {
  readonly repository: string;
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Whether git LFS stores it. Default true. */
  readonly isLfs?: boolean;
}

/** A request that arrived, at the hub or at its file store. */
export interface SeenRequest {
  readonly host: "hub" | "store";
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
}

/** How the next requests go wrong. Each test sets what it needs. */
export interface Faults {
  /** Positions of the content at which the connection breaks, once each. */
  cuts: number[];
  /** Status and headers for requests of the store, one entry per request. */
  storeStatuses: { status: number; headers?: Record<string, string> }[];
  /** Status and headers for requests of the hub, one entry per request. */
  hubStatuses: { status: number; headers?: Record<string, string> }[];
  /** Token without which the repository is closed. */
  gate: string | undefined;
  /** Position of a byte that arrives wrong. */
  flippedByte: number | undefined;
  /** Bytes per second and connection of the store. */
  bytesPerSecond: number | undefined;
  /** Whether a second connection makes all of them together slower. */
  isSlowerTogether: boolean;
  /** Position of the content at which each connection stops without an end. */
  silentAt: number | undefined;
  redirectsForever: boolean;
  /** Where the hub says that the content is, instead of its store. */
  redirectTo: string | undefined;
  ignoresRanges: boolean;
  /** Size that the hub lists for its large files, instead of their own. */
  listedBytes: number | undefined;
  /** Names that the hub lists besides its files. */
  extraNames: string[];
}

const commit = "0123456789abcdef0123456789abcdef01234567";

/**
 * A model hub on this machine with Hugging Face's protocol: the listing, and a redirect from
 * `resolve/` to a second host that knows `Range`, `If-Range` and ETags. Ollama's registry too.
 */
export class LoopbackHub {
  readonly faults: Faults = {
    cuts: [],
    storeStatuses: [],
    hubStatuses: [],
    gate: undefined,
    flippedByte: undefined,
    bytesPerSecond: undefined,
    isSlowerTogether: false,
    silentAt: undefined,
    redirectsForever: false,
    redirectTo: undefined,
    ignoresRanges: false,
    listedBytes: undefined,
    extraNames: [],
  };
  readonly requests: SeenRequest[] = [];
  /** Bytes of content that the store handed to its sockets. */
  sentBytes = 0;
  /** Most connections that received content at the same time. */
  mostConnections = 0;
  #connections = 0;
  readonly commit = commit;
  contents: HubContent[];
  readonly #hub: Server;
  readonly #store: Server;

  private constructor(contents: readonly HubContent[]) {
    this.contents = [...contents];
    this.#hub = createServer((request, response) => this.#answer("hub", request, response));
    this.#store = createServer((request, response) => this.#answer("store", request, response));
  }

  static async start(contents: readonly HubContent[]): Promise<LoopbackHub> {
    const hub = new LoopbackHub(contents);
    for (const server of [hub.#hub, hub.#store]) {
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
    }
    return hub;
  }

  /** For `HF_ENDPOINT`. */
  get endpoint(): string {
    return `http://127.0.0.1:${portOf(this.#hub)}`;
  }

  /** Host and port of the second host. */
  get storeHost(): string {
    return `127.0.0.1:${portOf(this.#store)}`;
  }

  get host(): string {
    return `127.0.0.1:${portOf(this.#hub)}`;
  }

  async close(): Promise<void> {
    for (const server of [this.#hub, this.#store]) {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    }
  }

  /** The requests for content, of the store. */
  get transfers(): SeenRequest[] {
    return this.requests.filter(({ host, method }) => host === "store" && method === "GET");
  }

  #answer(host: SeenRequest["host"], request: IncomingMessage, response: ServerResponse): void {
    const { method = "", url = "", headers } = request;
    const { pathname } = new URL(url, "http://hub");
    this.requests.push({ host, method, path: url, headers });
    response.on("error", () => {});
    const statuses = host === "hub" ? this.faults.hubStatuses : this.faults.storeStatuses;
    const fault = statuses.shift();
    if (fault !== undefined) {
      response.writeHead(fault.status, fault.headers).end();
    } else if (host === "store") {
      void this.#sendContent(decodeURIComponent(pathname.slice(1)), request, response);
    } else if (this.faults.redirectsForever) {
      response.writeHead(302, { location: `${pathname}x` }).end();
    } else {
      this.#answerHub(pathname, request, response);
    }
  }

  #answerHub(path: string, request: IncomingMessage, response: ServerResponse): void {
    const refuse = (status: number, code: string) =>
      response.writeHead(status, { "x-error-code": code }).end();
    const [, repository = "", revision] =
      /^\/api\/models\/([^/]+\/[^/]+)\/revision\/([^/]+)$/.exec(path) ??
      /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\//.exec(path) ??
      [];
    const own = this.contents.filter((content) => content.repository === repository);
    const { gate } = this.faults;
    if (path.startsWith("/v2/")) {
      this.#answerRegistry(path, response);
    } else if (own.length === 0) {
      refuse(request.headers.authorization === undefined ? 401 : 404, "RepoNotFound");
    } else if (gate !== undefined && request.headers.authorization !== `Bearer ${gate}`) {
      refuse(request.headers.authorization === undefined ? 401 : 403, "GatedRepo");
    } else if (revision !== "main" && revision !== commit) {
      refuse(404, "RevisionNotFound");
    } else if (path.startsWith("/api/")) {
      this.#list(own, response);
    } else {
      const name = decodeURIComponent(path.split("/").slice(5).join("/"));
      const content = own.find((each) => each.path === name);
      if (content === undefined) refuse(404, "EntryNotFound");
      else this.#redirect(content, request, response);
    }
  }

  #list(contents: readonly HubContent[], response: ServerResponse): void {
    const siblings = contents.map(({ path, bytes, isLfs = true }) => {
      const size = this.faults.listedBytes ?? bytes.length;
      return {
        rfilename: path,
        size,
        blobId: gitSha1(bytes),
        ...(isLfs && { lfs: { sha256: sha256(bytes), size, pointerSize: 135 } }),
      };
    });
    const extra = this.faults.extraNames.map((rfilename) => ({
      rfilename,
      size: 10,
      blobId: "0".repeat(40),
    }));
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ sha: commit, siblings: [...siblings, ...extra] }));
  }

  #redirect(content: HubContent, request: IncomingMessage, response: ServerResponse): void {
    const { bytes, isLfs = true } = content;
    if (!isLfs) {
      void this.#send(bytes, `"${gitSha1(bytes)}"`, request, response);
      return;
    }
    response.writeHead(302, {
      location:
        this.faults.redirectTo ?? `http://${this.storeHost}/${sha256(bytes)}?signature=secret`,
      "x-repo-commit": commit,
      "x-linked-size": `${bytes.length}`,
      "x-linked-etag": `"${sha256(bytes)}"`,
    });
    response.end();
  }

  /** Ollama's registry: a manifest per file, whose weights are in the store. */
  #answerRegistry(path: string, response: ServerResponse): void {
    const [, name, kind, last = ""] =
      /^\/v2\/library\/([^/]+)\/(manifests|blobs)\/(.+)$/.exec(path) ?? [];
    const content = this.contents.find(({ path }) => path === `${name}.gguf`);
    if (content === undefined) {
      response.writeHead(404).end();
    } else if (kind === "blobs") {
      response.writeHead(307, { location: `http://${this.storeHost}/${last.slice(7)}` }).end();
    } else {
      const layers = [
        { mediaType: "application/vnd.ollama.image.license", digest: "sha256:00", size: 2 },
        {
          mediaType: "application/vnd.ollama.image.model",
          digest: `sha256:${sha256(content.bytes)}`,
          size: content.bytes.length,
        },
      ];
      response.end(JSON.stringify({ schemaVersion: 2, layers }));
    }
  }

  async #sendContent(hash: string, request: IncomingMessage, response: ServerResponse) {
    const content = this.contents.find(({ bytes }) => sha256(bytes) === hash);
    if (content === undefined) response.writeHead(404).end();
    else await this.#send(content.bytes, `"store-${hash.slice(0, 16)}"`, request, response);
  }

  async #send(bytes: Uint8Array, etag: string, request: IncomingMessage, response: ServerResponse) {
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
    const condition = request.headers["if-range"];
    const usesRange =
      first !== undefined && !this.faults.ignoresRanges && (condition ?? etag) === etag;
    const start = usesRange ? Number(first) : 0;
    const end = usesRange && last ? Math.min(Number(last) + 1, bytes.length) : bytes.length;
    if (start >= end) {
      response.writeHead(416, { "content-range": `bytes */${bytes.length}` }).end();
      return;
    }
    response.writeHead(usesRange ? 206 : 200, {
      etag,
      "content-length": end - start,
      ...(usesRange && { "content-range": `bytes ${start}-${end - 1}/${bytes.length}` }),
    });
    this.#connections++;
    this.mostConnections = Math.max(this.mostConnections, this.#connections);
    try {
      await this.#stream(this.#damaged(bytes), start, end, response);
    } finally {
      this.#connections--;
    }
  }

  #damaged(bytes: Uint8Array): Uint8Array {
    const { flippedByte } = this.faults;
    if (flippedByte === undefined) return bytes;
    const copy = Uint8Array.from(bytes);
    copy[flippedByte] = (copy[flippedByte] ?? 0) ^ 1;
    return copy;
  }

  async #stream(bytes: Uint8Array, start: number, end: number, response: ServerResponse) {
    const { bytesPerSecond } = this.faults;
    for (let position = start; position < end && !response.destroyed; ) {
      if (position === this.faults.silentAt) return;
      const shares = this.faults.isSlowerTogether ? this.#connections ** 2 : 1;
      const pieceBytes =
        bytesPerSecond === undefined ? 2 ** 16 : Math.ceil(bytesPerSecond / shares / 50);
      const cut = this.faults.cuts.toSorted((a, b) => a - b).find((each) => each >= position);
      const { silentAt = end } = this.faults;
      const silent = silentAt > position ? silentAt : end;
      const next = Math.min(position + pieceBytes, end, cut ?? end, silent);
      await new Promise<void>((resolve) => {
        const wake = () => resolve();
        response.once("close", wake);
        response.write(bytes.subarray(position, next), () => {
          response.off("close", wake);
          resolve();
        });
      });
      this.sentBytes += next - position;
      position = next;
      if (position === cut) {
        this.faults.cuts = this.faults.cuts.filter((each) => each !== cut);
        response.destroy();
        return;
      }
      if (bytesPerSecond !== undefined) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    response.end();
  }
}

const hashes = new WeakMap<Uint8Array, string>();

/** SHA-256 in hexadecimal digits, computed once for each array. */
export function sha256(bytes: Uint8Array): string {
  const hash = hashes.get(bytes) ?? createHash("sha256").update(bytes).digest("hex");
  hashes.set(bytes, hash);
  return hash;
}

export function gitSha1(bytes: Uint8Array): string {
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
