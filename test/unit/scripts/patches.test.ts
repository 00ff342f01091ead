import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "../../..");
const patchesFolder = join(root, "native/kernels/patches");
const scratch = mkdtempSync(join(tmpdir(), "patches-"));
const source = join(scratch, "source");
const output = join(scratch, "output");
const patch = join(scratch, "01-greeting.patch");
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const original = "one\ntwo\nhello\nfour\nfive\n";
const greeting = `Greet politely

The reason.

--- a/src/greeting.c
+++ b/src/greeting.c
@@ -1,5 +1,5 @@
 one
 two
-hello
+good morning
 four
 five
`;

function apply(env: NodeJS.ProcessEnv = process.env, ...more: string[]) {
  const args = [`-DSOURCE=${source}`, `-DOUTPUT=${output}`, `-DPATCHES=${patch}`, ...more];
  const script = join(root, "native/kernels/patches.cmake");
  const { status, stderr } = spawnSync("cmake", [...args, "-P", script], { env, encoding: "utf8" });
  return { status, stderr };
}

const patched = join(output, "src/greeting.c");

describe("patches.cmake", () => {
  beforeEach(() => {
    for (const folder of [source, output]) rmSync(folder, { recursive: true, force: true });
    mkdirSync(join(source, "src"), { recursive: true });
    writeFileSync(join(source, "src/greeting.c"), original);
    writeFileSync(patch, greeting);
  });

  test("patches a copy and leaves the source alone", () => {
    expect(apply()).toEqual({ status: 0, stderr: "" });
    expect(readFileSync(patched, "utf8")).toBe(original.replace("hello", "good morning"));
    expect(readFileSync(join(source, "src/greeting.c"), "utf8")).toBe(original);
  });

  test("names the patch, the pin and the file when a patch does not apply", () => {
    writeFileSync(join(source, "src/greeting.c"), original.replace("hello", "goodbye"));
    const { status, stderr } = apply();
    expect(status).not.toBe(0);
    expect(stderr).toContain("native/kernels/patches/01-greeting.patch does not apply");
    const pin = JSON.parse(readFileSync(join(root, "native/llama.cpp.json"), "utf8"));
    expect(stderr).toContain(`llama.cpp ${pin.version}, commit ${pin.commit}`);
    expect(stderr).toContain("patch failed: src/greeting.c:1");
    expect(stderr).toContain("Moving to another llama.cpp");
    expect(existsSync(patched)).toBe(false);
  });

  test("names a file that the source lacks", () => {
    rmSync(join(source, "src/greeting.c"));
    const { status, stderr } = apply();
    expect(status).not.toBe(0);
    expect(stderr.replace(/\s+/g, " ")).toContain(`${source} has no src/greeting.c`);
  });

  test("writes a file only when its text changes", () => {
    apply();
    const before = statSync(patched).mtimeMs;
    apply();
    writeFileSync(patch, greeting.replace("The reason.", "A better reason."));
    expect(apply().status).toBe(0);
    expect(statSync(patched).mtimeMs).toBe(before);

    writeFileSync(patch, greeting.replace("good morning", "good evening"));
    expect(apply().status).toBe(0);
    expect(readFileSync(patched, "utf8")).toContain("good evening");
  });

  test("applies again after the source changed or a copy is missing", () => {
    apply();
    writeFileSync(join(source, "src/greeting.c"), original.replace("five", "5"));
    writeFileSync(patch, greeting.replace("\n five\n", "\n 5\n"));
    expect(apply().status).toBe(0);
    expect(readFileSync(patched, "utf8")).toContain("5\n");
    rmSync(patched);
    expect(apply().status).toBe(0);
    expect(existsSync(patched)).toBe(true);
  });

  test.runIf(existsSync("/usr/bin/patch"))("uses patch where git is missing", () => {
    expect(apply(process.env, "-DNODE_CODELLAMA_GIT=")).toEqual({ status: 0, stderr: "" });
    expect(readFileSync(patched, "utf8")).toContain("good morning");

    writeFileSync(join(source, "src/greeting.c"), "another file\n");
    const { status, stderr } = apply(process.env, "-DNODE_CODELLAMA_GIT=");
    expect(status).not.toBe(0);
    expect(stderr).toContain("native/kernels/patches/01-greeting.patch does not apply");
  });

  test("says what to install where git and patch are missing", () => {
    const { status, stderr } = apply(
      process.env,
      "-DNODE_CODELLAMA_GIT=",
      "-DNODE_CODELLAMA_PATCH=",
    );
    expect(status).not.toBe(0);
    expect(stderr).toContain("git or patch must be on PATH");
  });

  test("ignores the repository of a git hook that starts the build", () => {
    const env = { ...process.env, GIT_DIR: join(root, ".git"), GIT_WORK_TREE: root };
    expect(apply(env)).toEqual({ status: 0, stderr: "" });
    expect(readFileSync(patched, "utf8")).toContain("good morning");
  });
});

describe("the patches of llama.cpp", () => {
  const patches = readdirSync(patchesFolder).filter((name) => name.endsWith(".patch"));

  test.each(patches)("%s says what it changes and why", (name) => {
    const header = readFileSync(join(patchesFolder, name), "utf8").split(/^--- /m)[0] ?? "";
    const [subject, reason] = header.split("\n\n");
    expect(subject).toMatch(/^[A-Z].{10,79}$/);
    expect(reason).toMatch(/\w/);
  });

  test("assert the operands of every operation that ggml.c has", () => {
    const llama = process.env.LLAMA_CPP_DIR ?? join(root, "native/llama.cpp");
    const ggml = readFileSync(join(llama, "ggml/src/ggml.c"), "utf8");
    const required = readFileSync(join(patchesFolder, "05-required-tensors.patch"), "utf8");
    const head = /\nstruct ggml_tensor [*] (ggml_[a-z0-9_]+)[(]([^{;]*)[)] [{]\n/g;
    const operations = [...ggml.matchAll(head)].flatMap(([, name, parameters = ""]) =>
      ["a", "b"]
        .filter((operand) =>
          new RegExp(`struct ggml_tensor +[*] +${operand}(,|$)`).test(parameters),
        )
        .map((operand) => `${name}: ${operand}`),
    );
    const asserted = [...required.matchAll(/^(?:@@.* (ggml_\w+)[(]|[+] +GGML_ASSERT[(](\w) )/gm)];
    let operation = "";
    const covered = asserted.flatMap(([, name, operand]) => {
      if (name) operation = name;
      return operand ? [`${operation}: ${operand}`] : [];
    });
    expect(operations.length).toBeGreaterThan(250);
    expect(covered.sort()).toEqual(operations.sort());
  });
});
