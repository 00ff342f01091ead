import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { reproducible, runCommand } from "../../helpers/command-line.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { modelPath } from "../../helpers/tiny-model.ts";

const folder = temporaryFolder();
const question = "Write a Python function that computes the n-th Fibonacci number.";
const args = ["chat", "--model", modelPath, ...reproducible];

test("answers a question from standard input", async () => {
  const outcome = await runCommand(args, { input: `${question}\n` });
  expect(outcome).toMatchObject({ code: 0, stderr: "" });
  expect(outcome.stdout).toMatch(/^Here is a Python function that computes the n-th Fibonacci/);
});

test("rejects a base model before the first question and names --force", async () => {
  const base = join(folder, "codellama-7b.Q4_K_M.gguf");
  const bytes = await readFile(modelPath);
  // Under another key, the file has no chat template, which tells the instruct model.
  bytes.write("tokenizer.chat_templatX", bytes.indexOf("tokenizer.chat_template"));
  await writeFile(base, bytes);
  const outcome = await runCommand(["chat", "--model", base, ...reproducible]);
  expect(outcome).toMatchObject({ code: 1, stdout: "" });
  expect(outcome.stderr).toMatch(
    /codellama-tiny is not an instruct model \(Code Llama base, because neither.*--force/,
  );
});

test("continues a conversation from a file", async () => {
  const file = join(folder, "conversation.json");
  const messages = [
    { role: "user", content: question },
    { role: "assistant", content: "Here is one." },
  ];
  await writeFile(file, JSON.stringify({ version: 1, messages }));
  const outcome = await runCommand([...args, "--load", file], { input: "Now in JavaScript." });
  expect(outcome.code).toBe(0);
  expect(outcome.stderr).toContain("(loaded 2 messages from ");
  expect(outcome.stdout).toContain("JavaScript");
});

test.each([
  ["invalid JSON", "hello"],
  ["JSON that is not a conversation", "{}"],
])("rejects a file with %s", async (_, text) => {
  const file = join(folder, "bad.json");
  await writeFile(file, text);
  const { code, stderr } = await runCommand([...args, "--load", file], { input: "Hi" });
  expect(code).toBe(1);
  expect(stderr).toMatch(/bad\.json is not a saved conversation/);
});

function hasTmux(): boolean {
  try {
    execFileSync("tmux", ["-V"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!hasTmux())("on a terminal (needs tmux)", () => {
  const name = `chat-test-${process.pid}`;
  const tmux = (...command: string[]) =>
    execFileSync("tmux", ["-L", name, ...command], { encoding: "utf8" });
  const type = (...keys: string[]) => tmux("send-keys", "-t", name, ...keys);
  const screen = () => tmux("capture-pane", "-p", "-S", "-200", "-t", name);
  const until = async (pattern: RegExp) => {
    while (!pattern.test(screen())) await sleep(50);
  };
  const start = () => {
    const main = new URL("../../../dist/cli/main.js", import.meta.url).pathname;
    const command = [process.execPath, main, ...args].map((word) => `'${word}'`).join(" ");
    tmux("new-session", "-d", "-s", name, "-x", "120", "-y", "50", `${command}; sleep 60`);
  };
  // The tests use their own tmux server. It must stay alive between sessions, because a server that
  // is about to exit accepts no new session.
  beforeAll(() => {
    tmux("start-server", ";", "set-option", "-g", "exit-empty", "off");
  });
  afterEach(() => {
    tmux("kill-session", "-t", name);
  });
  afterAll(() => {
    tmux("kill-server");
  });

  test("joins continued lines into one question, and /save writes the conversation", async () => {
    start();
    await until(/Ctrl-D to quit/);
    type("Write a Python function \\", "Enter");
    await until(/…/);
    type("that computes the n-th Fibonacci number.", "Enter");
    await until(/in a loop/);
    const file = join(folder, "saved.json");
    type(`/save ${file}`, "Enter");
    await until(/saved to/);
    const { messages } = JSON.parse(await readFile(file, "utf8"));
    expect(messages[0].content).toBe(
      "Write a Python function \nthat computes the n-th Fibonacci number.",
    );
    expect(messages[1].content).toContain("def fibonacci(");
  });

  test("Ctrl-C stops the answer, not the program", async () => {
    start();
    await until(/Ctrl-D to quit/);
    type(question, "Enter");
    await until(/Here is/);
    type("C-c");
    await until(/\(interrupted\)|in a loop/);
    type("/help", "Enter");
    await until(/start a new conversation/);
    type("half a line", "C-c");
    type("/nonsense", "Enter");
    await until(/nonsense[\s\S]*\/exit/);
  });
});
