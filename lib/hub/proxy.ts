import { Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, type RequestOptions } from "node:https";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { hostOf, isLoopback } from "../base/loopback.ts";
import { downloadFailed } from "./failure.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy for a URL: `HTTPS_PROXY`, `HTTP_PROXY` or `ALL_PROXY`, unless `NO_PROXY` excludes the host.
 * Addresses of this machine need no proxy.
 * @throws CodeLlamaError `DOWNLOAD_FAILED` if the variable holds no http:// address
 */
export function proxyFor(url: URL, environment: Environment = process.env): URL | undefined {
  const host = hostOf(url);
  if (isLoopback(host) || isExcluded(url, variable(environment, "no_proxy"))) return undefined;
  const name = url.protocol === "https:" ? "https_proxy" : "http_proxy";
  const text = variable(environment, name) ?? variable(environment, "all_proxy");
  if (text === undefined) return undefined;
  const address = text.includes("://") ? text : `http://${text}`;
  const proxy = URL.canParse(address) ? new URL(address) : undefined;
  if (proxy?.protocol === "http:" && proxy.hostname !== "") return proxy;
  throw downloadFailed(`${name.toUpperCase()} must be the address of an http:// proxy`);
}

/** The value of an environment variable, whose name may be in small or capital letters. */
function variable(environment: Environment, name: string): string | undefined {
  return environment[name] || environment[name.toUpperCase()] || undefined;
}

function isExcluded({ hostname, port, protocol }: URL, list = ""): boolean {
  const actualPort = port || (protocol === "https:" ? "443" : "80");
  return list
    .split(/[\s,]+/)
    .filter((entry) => entry !== "")
    .some((entry) => {
      if (entry === "*") return true;
      const [, name = "", wantedPort] = /^\.?(.*?)(?::(\d+))?$/.exec(entry) ?? [];
      if (wantedPort !== undefined && wantedPort !== actualPort) return false;
      const wanted = name.replace(/^\*\./, "").toLowerCase();
      return wanted !== "" && (hostname === wanted || hostname.endsWith(`.${wanted}`));
    });
}

/** The `Proxy-Authorization` header for a proxy whose address has a user. */
function authorization(proxy: URL): Readonly<Record<string, string>> {
  if (proxy.username === "") return {};
  const user = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return { "proxy-authorization": `Basic ${Buffer.from(user).toString("base64")}` };
}

/** The options with which a request for `url` goes through `proxy`, or straight if that is undefined. */
export async function routeOf(
  url: URL,
  proxy: URL | undefined,
  signal: AbortSignal,
  idleMs: number,
): Promise<RequestOptions> {
  if (proxy === undefined) {
    return {
      host: hostOf(url),
      port: url.port,
      path: url.pathname + url.search,
      agent: url.protocol === "https:" ? new HttpsAgent() : new HttpAgent(),
    };
  }
  if (url.protocol === "http:") {
    const { hostname: host, port } = proxy;
    const headers = { host: url.host, ...authorization(proxy) };
    return { host, port, path: url.href, headers, agent: new HttpAgent() };
  }
  const socket = await openTunnel(url, proxy, signal, idleMs);
  return {
    host: url.hostname,
    path: url.pathname + url.search,
    createConnection: () => connectTls({ socket, servername: url.hostname }),
  };
}

/** Asks the proxy for a connection to the host of `url`. */
function openTunnel(url: URL, proxy: URL, signal: AbortSignal, idleMs: number): Promise<Duplex> {
  const target = `${url.hostname}:${url.port || 443}`;
  const where = `the proxy ${proxy.host}`;
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      method: "CONNECT",
      host: proxy.hostname,
      port: proxy.port,
      path: target,
      headers: { host: target, ...authorization(proxy) },
      agent: false,
      signal,
    });
    request.setTimeout(idleMs, () => request.destroy(new Error("it does not answer")));
    request.on("connect", ({ statusCode: status = 0 }, socket: Duplex) => {
      socket.on("error", () => {});
      if (status === 200) {
        resolve(socket);
        return;
      }
      socket.destroy();
      const advice = status === 407 ? "; put its user and password into HTTPS_PROXY" : "";
      reject(downloadFailed(`${where} refused ${target} with HTTP ${status}${advice}`, { status }));
    });
    request.on("response", (response) => {
      response.destroy();
      const { statusCode: status = 0 } = response;
      reject(downloadFailed(`${where} refused ${target} with HTTP ${status}`, { status }));
    });
    request.on("error", (cause) => {
      const retry = { afterMs: undefined };
      reject(
        signal.aborted
          ? signal.reason
          : downloadFailed(`${where} cannot be used: ${cause.message}`, { cause, retry }),
      );
    });
    request.end();
  });
}
