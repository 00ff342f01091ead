import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { modelPath } from "codellama-tiny";
import { expect, test } from "vitest";
import { runCommand, startCommand } from "../../helpers/command-line.ts";
import { useLoopbackHub } from "../../helpers/hub-home.ts";

const bytes = readFileSync(modelPath);
const home = useLoopbackHub(() => [
  { repository: "me/tiny-GGUF", path: basename(modelPath), bytes },
]);
const uri = "hf:me/tiny-GGUF:Q4_K_M";

/** Waits until the transfer has sent a part of the file. */
async function transferBegins(): Promise<void> {
  while (home.hub.sentBytes < 2 ** 20) await new Promise((resolve) => setTimeout(resolve, 20));
}

test("pull prints the path; list, inspect and rm take the name", async () => {
  const pulled = await runCommand(["pull", uri]);
  expect(pulled).toMatchObject({ code: 0 });
  expect(pulled.stderr).toContain(`Downloading ${uri} (17.8 MB)`);
  expect(existsSync(pulled.stdout.trim())).toBe(true);
  expect((await runCommand(["list"])).stdout).toMatch(
    /^hf:me\/tiny-GGUF:Q4_K_M +17\.8 MB +Q4_K_M +infill chat +(GPU|memory) +hugging-face$/m,
  );
  const [listed] = JSON.parse((await runCommand(["list", "--json"])).stdout);
  expect(listed).toMatchObject({ name: uri, bytes: bytes.length });
  expect((await runCommand(["inspect", uri])).stdout).toMatch(/^chat +yes: Code Llama instruct/m);
  const removed = await runCommand(["rm", uri]);
  expect(removed).toMatchObject({ code: 0, stdout: pulled.stdout });
  expect((await runCommand(["list"])).stderr).toContain("No models yet");
});

test.each([
  ["pull", ["pull", uri]],
  ["chat", ["chat", "--model", uri]],
  ["complete", ["complete", "x", "--model", uri]],
])("Ctrl-C ends %s, keeps what has arrived and says so", async (_, args) => {
  home.hub.faults.bytesPerSecond = 8_000_000;
  const { child, outcome } = startCommand(args);
  await transferBegins();
  child.kill("SIGINT");
  const { code, signal, stderr } = await outcome;
  expect({ code, signal }).toEqual({ code: 130, signal: null });
  expect(stderr).toContain("The same command continues where this one ended");
  home.hub.faults.bytesPerSecond = undefined;
  expect((await runCommand(["pull", uri])).code).toBe(0);
  // What was on its way when the connection closed is sent twice.
  expect(home.hub.sentBytes).toBeLessThan(bytes.length * 1.05);
});

test("two processes fetch a model once", async () => {
  home.hub.faults.bytesPerSecond = 8_000_000;
  const first = startCommand(["pull", uri]);
  await transferBegins();
  const second = startCommand(["pull", uri]);
  await once(second.child.stderr, "data");
  const outcomes = await Promise.all([first.outcome, second.outcome]);
  expect(outcomes.map(({ code }) => code)).toEqual([0, 0]);
  expect(outcomes[1].stderr).toContain("Waiting for another process that downloads");
  expect(home.hub.sentBytes).toBe(bytes.length);
});

test("CODELLAMA_MODEL names the model of commands without --model", async () => {
  process.env.CODELLAMA_MODEL = uri;
  const { code, stderr } = await runCommand(["complete", "def f(", "--max-tokens", "4", "-t", "1"]);
  expect({ code, isFetched: stderr.includes(`Downloading ${uri}`) }).toEqual({
    code: 0,
    isFetched: true,
  });
});
