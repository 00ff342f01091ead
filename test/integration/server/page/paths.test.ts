import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { useTinyServer } from "../../../helpers/server.ts";

const shared = useTinyServer({ playground: true });

/** Requests a path unchanged: fetch() would resolve the dots first. */
async function ask(path: string): Promise<{ status: number; body: string }> {
  const { port, hostname } = new URL(shared.server.url);
  const socket = connect(Number(port), hostname);
  await once(socket, "connect");
  socket.write(`GET ${path} HTTP/1.1\r\nhost: ${hostname}\r\nconnection: close\r\n\r\n`);
  const answer = await text(socket);
  const [head = "", ...body] = answer.split("\r\n\r\n");
  return { status: Number(head.split(" ")[1]), body: body.join("\r\n\r\n") };
}

test("serves the page and its files", async () => {
  expect((await ask("/")).body).toContain("<html");
  expect((await ask("/playground.js")).status).toBe(200);
  expect((await ask("/playground.css?x=1")).status).toBe(200);
});

// The server looks up file names in a table and never joins them to a path.
test.each([
  "/../package.json",
  "/playground.js/../../../package.json",
  "/..%2fpackage.json",
  "/%2e%2e/%2e%2e/package.json",
  "/..%5c..%5cpackage.json",
  "/..\\..\\package.json",
  "/C:\\Windows\\win.ini",
  "/C:/Windows/win.ini",
  "//127.0.0.1/etc/passwd",
  "/file:///etc/passwd",
  "/playground.js%00.css",
  "/playground.js::$DATA",
  "/PLAYGROUND.JS",
  "/playground.js.",
  "/playground.js%20",
  "/playground%2ejs%2f",
  "/index.html",
  "/dist/playground/index.html",
  "/%",
  "/%ff%fe",
])("serves nothing else: %s", async (path) => {
  const { status, body } = await ask(path);
  expect([400, 403, 404]).toContain(status);
  expect(body).not.toMatch(/"name": "node-codellama"|root:|\[fonts\]/);
});
