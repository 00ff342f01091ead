import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { CodeLlama } from "../../../lib/index.ts";
import {
  main,
  runCommand as run,
  reproducible as small,
  startCommand as start,
} from "../../helpers/command-line.ts";
import { modelPath } from "../../helpers/tiny-model.ts";

describe("complete", () => {
  test("streams the text for a prompt argument", async () => {
    const outcome = await run(["complete", "def fibonacci(n", "--model", modelPath, ...small]);
    expect(outcome).toMatchObject({ code: 0, stderr: "" });
    expect(outcome.stdout).toMatch(/^\):\n {4}"""Return the n-th Fibonacci number/);
  });

  test("reads the prompt from standard input, and names the embedded model it uses", async () => {
    const outcome = await run(["complete", ...small], { input: "def fibonacci(n" });
    expect(outcome.code).toBe(0);
    expect(outcome.stdout).toContain("return a");
    expect(outcome.stderr).toContain("codellama-tiny");
  });

  test.each(["complete", "chat"])(
    "%s rejects standard input that is not UTF-8",
    async (command) => {
      const outcome = await run([command, ...small], {
        input: Buffer.from("a\ncaf\xe9", "latin1"),
      });
      expect(outcome).toMatchObject({ code: 1, stdout: "" });
      expect(outcome.stderr).toMatch(
        /error: standard input must be UTF-8 \(line 2 is not\); convert it first/,
      );
    },
  );

  test("prints a note if --gpu-layers has no effect without a GPU", async () => {
    const args = ["complete", "x", "--gpu-layers", "3", "--max-tokens", "1", "--model", modelPath];
    const { code, stderr } = await run([...args, ...small]);
    const hasGpu = (await CodeLlama.devices()).some(({ kind }) => kind !== "cpu");
    expect(code).toBe(0);
    expect(stderr).toMatch(hasGpu ? /^$/ : /^--gpu-layers 3: all layers run on the CPU: .*doctor/);
  });

  test("prints one object with --json", async () => {
    const args = ["complete", "def fibonacci(n", "--json", "--stop", "return", "--stop", "zzz"];
    const { stdout } = await run([...args, ...small]);
    expect(JSON.parse(stdout)).toMatchObject({
      model: "codellama-tiny",
      prompt: "def fibonacci(n",
      finishReason: "stop",
      stopString: "return",
      usage: { promptTokens: 7 },
    });
  });

  test("takes regular expressions for the text and for its end", async () => {
    const args = ["complete", "def fibonacci(n", "--model", modelPath, ...small];
    const matched = await run([...args, "--regex", "[a-c]{4}"]);
    expect(matched.stdout).toMatch(/^[a-c]{4}\n$/);
    const stopped = await run([...args, "--stop-regex", "\\s*return", "--stop-at", "function"]);
    expect(stopped).toMatchObject({ code: 0, stderr: "" });
    expect(stopped.stdout).toContain('"""');
    expect(stopped.stdout).not.toContain("return");
    const refused = await run([...args, "--stop-at", "end"]);
    expect(refused.stderr).toMatch(/--stop-at must be "fence", "dedent" or "function"/);
  });

  test("fails with MODEL_NOT_FOUND for a missing file", async () => {
    const outcome = await run(["complete", "x", "--model", "nothing-here.gguf"]);
    expect(outcome).toMatchObject({ code: 1, stdout: "" });
    expect(outcome.stderr).toMatch(/^error: nothing-here.gguf: .*\(MODEL_NOT_FOUND\)\n$/s);
  });

  test.each([
    [
      ["complete", "x", "--temperature", "hot"],
      /--temperature must be between 0 and 100 \(got "hot"\)/,
    ],
    [
      ["complete", "x", "--temperature", "900"],
      /--temperature must be between 0 and 100 \(got 900\)/,
    ],
    [
      ["complete", "x", "--max-token", "5"],
      /unknown option "--max-token"; did you mean "--max-tokens"\?/,
    ],
    [["completion"], /unknown command "completion"; did you mean "complete"\?/],
    [["inspect"], /argument <model> is missing/],
    [["complete", ...small], /the prompt on standard input must not be empty/],
    [
      ["complete", "x", "--model", "http://example.com/a.gguf"],
      /the URL of a model must begin with https:\/\//,
    ],
  ])("rejects %j", async (args, message) => {
    const outcome = await run(args);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(message);
    expect(outcome.stderr).not.toContain("    at ");
  });

  test("ends cleanly on Ctrl-C and keeps the text so far", async () => {
    const args = ["complete", "def f(", "--max-tokens", "1900", "--temperature", "5"];
    const { child, outcome } = start([...args, "--threads", "1", "--model", modelPath]);
    await once(child.stdout, "data");
    child.kill("SIGINT");
    const { code, signal, stdout, stderr } = await outcome;
    expect({ code, signal, stderr }).toEqual({ code: 130, signal: null, stderr: "" });
    expect(stdout.endsWith("\n")).toBe(true);
  });

  test("ends reproducible when its reader closes the pipe", async () => {
    const { child, outcome } = start(["complete", "def f(", "--temperature", "5", "-t", "1"]);
    outcome.catch(() => {}); // The test closes stdout below.
    await once(child.stdout, "data");
    child.stdout.destroy();
    expect(await once(child, "exit")).toEqual([0, null]);
  });
});

describe("inspect", () => {
  test("prints the facts of a file", async () => {
    const { stdout, code } = await run(["inspect", modelPath]);
    expect(code).toBe(0);
    for (const fact of ["codellama-tiny", "llama", "25.2 million", "Q4_K_M", "2048", "eot 32010"]) {
      expect(stdout).toContain(fact);
    }
  });

  test("prints everything with --json", async () => {
    const facts = JSON.parse((await run(["inspect", modelPath, "--json"])).stdout);
    expect(facts).toMatchObject({ architecture: "llama", version: 3, vocabularySize: 32016 });
    expect(facts.tensors).toHaveLength(182);
    const tokens = facts.metadata.find(
      (entry: { key: string }) => entry.key === "tokenizer.ggml.tokens",
    );
    expect(tokens).toMatchObject({ type: "arr[str]", length: 32016 });
    expect(tokens.value.slice(0, 3)).toEqual(["<unk>", "<s>", "</s>"]);
  });

  test("lists metadata and tensors", async () => {
    const { stdout } = await run(["inspect", modelPath, "--metadata", "--tensors"]);
    expect(stdout).toContain("tokenizer.ggml.tokens");
    expect(stdout).toMatch(/blk\.19\.ffn_up\.weight\s+Q4_K 256 x 768/);
  });

  test("rejects a file that is not GGUF", async () => {
    const outcome = await run(["inspect", main]);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain("MODEL_INVALID");
  });
});
