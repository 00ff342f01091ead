import { once } from "node:events";
import { createServer, request as httpRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fetchModel } from "../../../lib/hub/fetch-model.ts";
import { noise, useLoopbackHub } from "../../helpers/hub-home.ts";

const bytes = noise(200_000);
const home = useLoopbackHub(() => [{ repository: "org/one-GGUF", path: "one.gguf", bytes }]);
let proxy: Server;
let seen: { target: string; authorization: string | undefined }[];
let connectStatus = "407 Proxy Authentication Required";

beforeEach(async () => {
  seen = [];
  proxy = createServer((request, response) => {
    const { url = "", headers } = request;
    seen.push({ target: url, authorization: headers["proxy-authorization"] });
    // hub.example does not exist. The proxy leads to the hub on this machine.
    const { pathname, search } = new URL(url);
    const to = `${home.hub.endpoint}${pathname}${search}`;
    const { host: _, ...others } = headers;
    httpRequest(to, { method: request.method, headers: others }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    }).end();
  });
  proxy.on("connect", (request, socket) => {
    seen.push({
      target: request.url ?? "",
      authorization: request.headers["proxy-authorization"],
    });
    socket.end(`HTTP/1.1 ${connectStatus}\r\n\r\n`);
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
});
afterEach(() => {
  proxy.closeAllConnections();
  proxy.close();
});

const address = (user = "") => `http://${user}127.0.0.1:${(proxy.address() as AddressInfo).port}`;
const failure = () =>
  fetchModel("hf:org/one-GGUF", "test()").then(
    () => expect.fail("fetched"),
    (error) => error as Error,
  );

test("HTTP_PROXY leads to a hub without encryption", async () => {
  process.env.HF_ENDPOINT = "http://hub.example";
  process.env.HTTP_PROXY = address("me:p%40ss@");
  // The hub's redirect leads to the store, which is on this machine and needs no encryption.
  home.hub.contents = [{ repository: "org/one-GGUF", path: "one.gguf", bytes, isLfs: false }];
  expect((await fetchModel("hf:org/one-GGUF", "test()")).bytes).toBe(bytes.length);
  expect(seen.map(({ target }) => new URL(target).host)).toEqual(["hub.example", "hub.example"]);
  const authorization = `Basic ${Buffer.from("me:p@ss").toString("base64")}`;
  expect(new Set(seen.map((each) => each.authorization))).toEqual(new Set([authorization]));
});

test.each([
  ["407 Proxy Authentication Required", "HTTP 407; put its user and password into HTTPS_PROXY"],
  ["403 Forbidden", "refused hub.example:443 with HTTP 403"],
])("a proxy that answers %s to CONNECT is named", async (status, message) => {
  connectStatus = status;
  process.env.HF_ENDPOINT = "https://hub.example";
  process.env.HTTPS_PROXY = address("me:secret@");
  const error = await failure();
  expect(error).toMatchObject({ code: "DOWNLOAD_FAILED" });
  expect(error.message).toContain(message);
  expect(error.message).not.toContain("secret");
  expect(seen.map(({ target }) => target)).toEqual(["hub.example:443"]);
});

test("a proxy that cannot be reached is named", async () => {
  process.env.HF_ENDPOINT = "https://hub.example";
  process.env.HTTPS_PROXY = "http://127.0.0.1:9";
  expect((await failure()).message).toContain("the proxy 127.0.0.1:9 cannot be used");
});
