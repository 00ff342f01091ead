import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import type { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { main, reproducible } from "../../helpers/command-line.ts";
import { jsonOf, startTinyServer } from "../../helpers/server.ts";

type Output = "pipe" | number;

/** Starts `serve` with the given stdout. Its standard error must be a pipe. */
async function serve(args: readonly string[], stdout: Output = "pipe") {
  const child = spawn(
    process.execPath,
    [main, "serve", "--port", "0", "--threads", "1", "--grace", "1", ...args],
    { stdio: ["ignore", stdout, "pipe"], timeout: 50_000, killSignal: "SIGKILL" },
  );
  let printed = "";
  const stderr = child.stderr as Readable;
  for await (const piece of stderr.iterator({ destroyOnReturn: false })) {
    printed += piece;
    if (printed.includes("Ctrl-C")) break;
  }
  const url = / at (http\S+);/.exec(printed)?.[1] ?? printed;
  return { child, stderr, url };
}

/** Whether the server still answers after it has logged this many requests. */
async function answers(url: string, requests: number): Promise<boolean> {
  for (let done = 0; done < requests; done += 50) {
    const path = `${url}/${"x".repeat(100)}`;
    await Promise.all(Array.from({ length: 50 }, () => fetch(path).then((each) => each.text())));
  }
  const { status } = await jsonOf(await fetch(`${url}/health`));
  return status === "ok";
}

async function endOf(child: ChildProcess, signal: NodeJS.Signals) {
  const exited = once(child, "exit");
  child.kill(signal);
  return await exited;
}

describe("serve continues to work", () => {
  test.each([{ args: ["--json"] }, { args: ["--quiet"] }, { args: [] }])(
    "when the readers of its outputs close: $args",
    async ({ args }) => {
      const { child, stderr, url } = await serve(args);
      stderr.destroy();
      child.stdout?.destroy();
      expect(await answers(url, 100)).toBe(true);
      expect(await endOf(child, "SIGTERM")).toEqual([0, null]);
    },
  );

  test("when the disk of its log is full", async () => {
    const full = openSync("/dev/full", "w");
    const { child, url } = await serve(["--json"], full);
    closeSync(full);
    expect(await answers(url, 100)).toBe(true);
    expect(await endOf(child, "SIGTERM")).toEqual([0, null]);
  });

  test.each([{ args: ["--json"] }, { args: [] }])(
    "when nobody reads its log: $args",
    async ({ args }) => {
      // A pipe holds 64 KiB. These requests log more.
      const { child, stderr, url } = await serve(args);
      stderr.pause();
      child.stdout?.pause();
      expect(await answers(url, 1500)).toBe(true);
      expect(await endOf(child, "SIGTERM")).toEqual([0, null]);
    },
  );
});

describe("other commands end reproducible", () => {
  test.each([
    ["complete", "def f(", "--max-tokens", "20", ...reproducible],
    ["doctor", "--json"],
    ["--help"],
  ])("when the reader of their result closes: %s", async (...args) => {
    const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.destroy();
    let printed = "";
    child.stderr.on("data", (piece) => {
      printed += piece;
    });
    expect(await once(child, "close")).toEqual([0, null]);
    expect(printed).not.toMatch(/error|EPIPE/i);
  });

  test("but report an error when their result cannot be written", async () => {
    const full = openSync("/dev/full", "w");
    const child = spawn(process.execPath, [main, "doctor"], { stdio: ["ignore", full, "pipe"] });
    closeSync(full);
    let printed = "";
    child.stderr?.on("data", (piece) => {
      printed += piece;
    });
    expect(await once(child, "close")).toEqual([1, null]);
    expect(printed).toContain("standard output: ENOSPC");
  });
});

test("a logger that throws or rejects does not fail a request", async () => {
  const logger = {
    info: () => {
      throw new Error("disk full");
    },
    warn: () => Promise.reject(new Error("disk full")),
    error: () => {
      throw new Error("disk full");
    },
  };
  await using server = await startTinyServer({ logger });
  expect((await server.post("/v1/completions", { prompt: "x", max_tokens: 1 })).status).toBe(200);
  expect((await server.post("/v1/completions", { prompt: 1 })).status).toBe(400);
  await server.handler.drain(60_000);
});
