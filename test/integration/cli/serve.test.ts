import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runCommand } from "../../helpers/command-line.ts";
import { serve } from "../../helpers/serve.ts";
import { jsonOf } from "../../helpers/server.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

const json = { "content-type": "application/json" };

const folder = temporaryFolder();

describe("serve", () => {
  test("answers, logs no prompt text, and finishes running requests on SIGTERM", async () => {
    const { child, outcome, url } = await serve("--json");
    const body = JSON.stringify({
      prompt: "def secret_name(",
      max_tokens: 150,
      logit_bias: { 2: -100 },
    });
    const asking = fetch(`${url}/v1/completions`, { method: "POST", headers: json, body });
    await new Promise((resolve) => setTimeout(resolve, 150));
    child.kill("SIGTERM");
    const answer = await jsonOf(await asking);
    expect(answer.usage.completion_tokens).toBe(150);
    const { code, stdout } = await outcome;
    expect(code).toBe(0);
    const [line] = stdout.trim().split("\n");
    expect(JSON.parse(line ?? "")).toMatchObject({
      path: "/v1/completions",
      status: 200,
      completionTokens: 150,
      msg: "request",
    });
    expect(stdout).not.toContain("secret_name");
  });

  test("requires a key from the key file, except for the playground page", async () => {
    const file = join(folder, "keys");
    await writeFile(file, "# ours\nalice:first-secret\nsecond-secret\n");
    const { child, outcome, url } = await serve("--api-key-file", file);
    const status = async (path: string, key?: string) =>
      (await fetch(url + path, { headers: key ? { authorization: `Bearer ${key}` } : {} })).status;
    expect(await status("/v1/models")).toBe(401);
    expect(await status("/v1/models", "first-secret")).toBe(200);
    expect(await status("/v1/models", "second-secret")).toBe(200);
    expect(await status("/")).toBe(200);
    child.kill("SIGINT");
    expect((await outcome).code).toBe(0);
  });

  test.each([
    [["--host", "0.0.0.0"], "or pass --allow-public to serve without keys"],
    [["--api-key-file", "/nowhere"], "--api-key-file: ENOENT"],
    [["--model", "/nowhere.gguf"], "MODEL_NOT_FOUND"],
    ...[
      ["--port", "70000", "a whole number between 0 and 65535"],
      ["--parallel", "0", "a whole number between 1 and 256"],
      ["--max-queue", "-1", "a whole number between 0 and 2147483647"],
      ["--max-concurrent-per-key", "0.5", "a whole number between 1 and 2147483647"],
      ["--max-body", "10", "a whole number between 1024 and 268435456"],
      ["--max-prompt", "0", "a whole number between 1 and 2147483647"],
      ["--context-size", "0", "a whole number between 8 and 2147483647"],
      ["--threads", "many", "a whole number between 1 and 512"],
      ["--gpu-layers", "-1", "a whole number between 0 and 10000"],
      ["--timeout", "0.0001", "between 0.001 and 2147483"],
      ["--grace", "3000000", "between 0 and 2147483"],
      ["--model-name", "", "a non-empty string"],
      ["--alias", "", "a non-empty string"],
      ["--cors-origin", "notanorigin", '"*" or an origin'],
    ].map(([option = "", value = "", allowed]): [string[], string] => [
      [`${option}=${value}`],
      `error: ${option} must be ${allowed}`,
    ]),
  ])("rejects %j with a clear message", async (args, message) => {
    const { code, stderr } = await runCommand(["serve", "--port", "0", ...args]);
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/createHandler|listen\(/);
    expect(code).toBe(1);
  });

  test.each([
    ["alice:first-secret\n\nbob:short\n", ":3: a key must be 8 characters or more"],
    ["# ours\nalice:first-secret\nalice:second-secret\n", ":3: another key has the name alice"],
    ["alice:first-secret\nfirst-secret\n", ":2: alice has the same key"],
    ["two words of it\n", ":1: a key must be"],
    ["# none\n", "contains no keys"],
  ])("names the line of a bad key and never shows the key: %j", async (text, message) => {
    const file = join(folder, "bad-keys");
    await writeFile(file, text);
    const { code, stderr } = await runCommand(["serve", "--port", "0", "--api-key-file", file]);
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/secret|short|words/);
    expect(code).toBe(1);
  });
});
