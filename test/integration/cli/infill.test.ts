import { execFileSync } from "node:child_process";
import { chmod, lstat, mkdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { reproducible, runCommand } from "../../helpers/command-line.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { modelPath } from "../../helpers/tiny-model.ts";

const folder = temporaryFolder();
const before =
  'def fibonacci(n: int) -> int:\n    """Return the n-th Fibonacci number."""\n    a, b = 0, 1\n    ';
const after = "\n        a, b = b, a + b\n    return a\n";
const loop = "for _ in range(n):";

async function fileWith(text: string): Promise<string> {
  const file = join(folder, "program.py");
  await writeFile(file, text);
  return file;
}

const infill = (...args: string[]) =>
  runCommand(["infill", ...args, "--model", modelPath, ...reproducible]);

describe("infill prints the text for", () => {
  test("the end of a line", async () => {
    const outcome = await infill(await fileWith(before + after), "--line", "4");
    expect(outcome).toMatchObject({ code: 0, stderr: "", stdout: `${loop}\n` });
  });

  test("a place in a line", async () => {
    const file = await fileWith(`${before}fo${after}`);
    const outcome = await infill(file, "--line", "4", "--column", "7");
    expect(outcome).toMatchObject({ code: 0, stdout: "r _ in range(n):\n" });
  });

  test("a marker in standard input, with the whole file", async () => {
    const args = ["infill", "-", "--full", "--model", modelPath, ...reproducible];
    const outcome = await runCommand(args, { input: `${before}<FILL_ME>${after}` });
    expect(outcome).toMatchObject({ code: 0, stdout: before + loop + after });
  });

  test("a marker as one JSON object", async () => {
    const file = await fileWith(`${before}<FILL>${after}`);
    const { stdout } = await infill(file, "--fill-me", "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      text: loop,
      fullText: before + loop + after,
      finishReason: "stop",
    });
  });
});

describe("infill --write", () => {
  test("fills a file with Windows line endings as well as one without", async () => {
    const withLineEnds = (text: string) => text.replaceAll("\n", "\r\n");
    const [start, end] = ["def add(a, b):\n    ", "\n\nprint(add(1, 2))\n"];
    const file = await fileWith(withLineEnds(`${start}<FILL_ME>${end}`));
    const fill = '"""Return the sum of a and b."""\n    return a + b';
    const whole = withLineEnds(start + fill + end);
    const { stdout } = await infill(file, "--json");
    expect(JSON.parse(stdout)).toMatchObject({ text: fill, fullText: whole });
    await infill(file, "--write");
    expect(await readFile(file, "utf8")).toBe(whole);
  });

  test("prints a note if the text was cut", async () => {
    const file = await fileWith(`${before}<FILL_ME>${after}`);
    const { code, stderr } = await infill(file, "--write", "--max-tokens", "2");
    expect(code).toBe(0);
    expect(stderr).toBe("The text was cut after 2 tokens; raise --max-tokens for more.\n");
  });

  test("fills the file in place", async () => {
    const file = await fileWith(`${before}<FILL_ME>${after}`);
    expect(await infill(file, "--write")).toMatchObject({ code: 0, stdout: "" });
    expect(await readFile(file, "utf8")).toBe(before + loop + after);
  });

  test.runIf(process.platform === "linux")(
    "rejects a file that cannot be read (Linux)",
    async () => {
      const { code, stderr } = await infill("/proc/self/mem", "--write");
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringMatching(
          /^error: infill --write: \/proc\/self\/mem cannot be read: EIO.*\(INVALID_ARGUMENT\)\n$/,
        ),
      });
    },
  );

  test("keeps a link, the mode, the byte order mark and the line endings", async () => {
    const dos = (text: string) => `\ufeff${text.replaceAll("\n", "\r\n")}`;
    const file = await fileWith(dos(`${before}<FILL_ME>`));
    await chmod(file, 0o755);
    const link = join(folder, "link.py");
    await symlink("program.py", link);
    expect(await infill(link, "--write", "--max-tokens", "40")).toMatchObject({ code: 0 });
    const filled = await readFile(file, "utf8");
    expect(filled.startsWith(dos(before))).toBe(true);
    expect(filled.length).toBeGreaterThan(dos(before).length);
    expect(filled.replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
    expect((await stat(file)).mode & 0o777).toBe(0o755);
    expect((await lstat(link)).isSymbolicLink()).toBe(true);
  });

  test.each<[string, (file: string) => Promise<void> | void, RegExp]>([
    [
      "not UTF-8",
      (file) => writeFile(file, Buffer.from("# caf\xe9\n<FILL_ME>\n", "latin1")),
      /must be UTF-8 \(line 1 is not\)/,
    ],
    [
      "UTF-16",
      (file) => writeFile(file, Buffer.from("<FILL_ME>\n", "utf16le")),
      /must be a text file \(it contains zero bytes\)/,
    ],
    [
      "read-only",
      async (file) => {
        await writeFile(file, "<FILL_ME>\n");
        await chmod(file, 0o444);
      },
      /cannot be written: it is read-only/,
    ],
    ["a FIFO", (file) => void execFileSync("mkfifo", [file]), /cannot be written: it is a FIFO/],
    ["a folder", (file) => mkdir(file), /cannot be written: it is a folder/],
  ])("rejects a file that is %s and does not change it", async (name, make, message) => {
    const file = join(folder, name.replaceAll(" ", "-"));
    await make(file);
    const facts = await stat(file);
    const { code, stderr } = await infill(file, "--write");
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    expect(await stat(file)).toMatchObject({ ino: facts.ino, mtimeMs: facts.mtimeMs });
  });

  test("rejects a cursor inside a character", async () => {
    const file = await fileWith('s = "🦙";\n');
    const { code, stderr } = await infill(file, "--line", "1", "--column", "7", "--write");
    expect(code).toBe(1);
    expect(stderr).toMatch(/--column must not be inside a character \(got 7: 🦙/);
    expect(await readFile(file, "utf8")).toBe('s = "🦙";\n');
  });
});

describe("infill rejects", () => {
  test.each<[string, string[], RegExp]>([
    ["a line beyond the file", ["--line", "99"], /--line must be between 1 and 7 in .*\(got 99\)/],
    [
      "a column beyond the line",
      ["--line", "1", "--column", "99"],
      /--column must be between 1 and 30/,
    ],
    ["a column without a line", ["--column", "1"], /--column requires --line/],
    ["two places", ["--line", "1", "--fill-me"], /--line and --fill-me cannot be combined/],
    ["a file without a marker", [], /program\.py must contain <FILL_ME>.*--line and --column/],
    ["an unknown order", ["--order", "up"], /--order must be "auto", "psm" or "spm" \(got "up"\)/],
  ])("%s", async (_, args, message) => {
    const { code, stderr } = await infill(await fileWith(before + after), ...args);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
  });

  test("a file that does not exist", async () => {
    const { code, stderr } = await infill(join(folder, "none.py"));
    expect(code).toBe(1);
    expect(stderr).toMatch(/none\.py cannot be read/);
  });
});
