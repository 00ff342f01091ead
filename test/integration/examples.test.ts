import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";

const runNode = (...args: string[]) => promisify(execFile)(process.execPath, args);
const folder = new URL("../../examples/", import.meta.url);

// Expected output of each example. A new example without an entry fails.
const expectedOutput: Readonly<Record<string, RegExp>> = {
  "conversation.mjs":
    /Python function that computes.*\(25 of 25.*JavaScript function that computes/s,
  "editor.mjs": /^ {4}for _ in\| range\(n\): {3}\(\d+ tokens computed\)$/m,
  "many-at-once.mjs": /^def factorial\(n.*return result.*def quick_sort.*isPrime.*class Stack/s,
  "remote.mjs": /for _ in range\(n\):\n/,
  "server-frameworks.mjs":
    /^(Express|Fastify|Hono|Next\.js): \):\n.*Return.*Fastify.*Hono.*Next\.js/s,
  "server-node.mjs": /a, b = b, a \+ b\n {4}return a\n/,
  "stream.mjs": /a, b = b, a \+ b\n {4}return a\n\n52 tokens/,
  "worker-thread.mjs": /return a\n$/,
};

describe("the example", () => {
  test.each(readdirSync(folder))("%s runs", async (name) => {
    const path = new URL(name, folder).pathname;
    const { stdout, stderr } = await runNode(path);
    expect(stdout).toMatch(expectedOutput[name] ?? /no entry for this example/);
    expect(stderr).toBe("");
  });
});

test("the README's first example runs as pasted", async () => {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  const pasted = /```js\n(.*?)```/s.exec(readme)?.[1] ?? "no example";
  const { stdout, stderr } = await runNode("--input-type=module", "-e", pasted);
  expect(stderr).toBe("");
  // The completion, the infill and the chat, in this order.
  expect(stdout).toMatch(/return.*def add.*print.*function .*(stop|length)\n$/s);
});
