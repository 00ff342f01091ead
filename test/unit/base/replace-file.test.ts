import { execFileSync } from "node:child_process";
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { withRegularFile } from "../../../lib/base/regular-file.ts";
import { replaceFile } from "../../../lib/base/replace-file.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

const root = temporaryFolder();
let folders = 0;

/** Creates a separate folder for each test, so that a leftover file shows. */
function folderWith(files: Record<string, string>): (name: string) => string {
  const folder = join(root, String(++folders));
  mkdirSync(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return (name) => join(folder, name);
}

const where = "a test";
const write = (path: string, text: string) => replaceFile(path, [Buffer.from(text)], { where });
const refusal = (message: RegExp) => ({
  code: "INVALID_ARGUMENT",
  message: expect.stringMatching(message),
});

describe("replaceFile()", () => {
  test("writes all parts and leaves no other file", async () => {
    const at = folderWith({});
    await replaceFile(at("new"), [Buffer.from("one "), Buffer.from("two")], { where });
    expect(readFileSync(at("new"), "utf8")).toBe("one two");
    expect(statSync(at("new")).mode & 0o777).toBe(0o666 & ~process.umask());
    expect(readdirSync(at("."))).toEqual(["new"]);
  });

  test.each([0o755, 0o600, 0o640, 0o4755])("keeps the mode %o", async (mode) => {
    const at = folderWith({ file: "old" });
    chmodSync(at("file"), mode);
    await write(at("file"), "new");
    expect(statSync(at("file")).mode & 0o7777).toBe(mode);
  });

  test.runIf(process.getuid?.() === 0)("keeps the owner (as root)", async () => {
    const at = folderWith({ file: "old" });
    execFileSync("chown", ["1234:2345", at("file")]);
    await write(at("file"), "new");
    expect(statSync(at("file"))).toMatchObject({ uid: 1234, gid: 2345 });
    expect(readFileSync(at("file"), "utf8")).toBe("new");
  });

  test("writes the file at the end of a chain of symbolic links", async () => {
    const at = folderWith({ real: "old" });
    symlinkSync("real", at("second"));
    symlinkSync(at("second"), at("first"));
    await write(at("first"), "new");
    expect(lstatSync(at("first")).isSymbolicLink()).toBe(true);
    expect(readlinkSync(at("second"))).toBe("real");
    expect(readFileSync(at("real"), "utf8")).toBe("new");
    expect(readdirSync(at(".")).toSorted()).toEqual(["first", "real", "second"]);
  });

  test("creates the missing file that a symbolic link points to", async () => {
    const at = folderWith({});
    mkdirSync(at("sub"));
    symlinkSync("sub/later", at("link"));
    await write(at("link"), "new");
    expect(lstatSync(at("link")).isSymbolicLink()).toBe(true);
    expect(readFileSync(at("sub/later"), "utf8")).toBe("new");
  });

  test("keeps hard links", async () => {
    const at = folderWith({ file: "a longer old text" });
    linkSync(at("file"), at("other"));
    await write(at("file"), "new");
    expect(readFileSync(at("other"), "utf8")).toBe("new");
    expect(statSync(at("file")).ino).toBe(statSync(at("other")).ino);
    expect(readdirSync(at(".")).toSorted()).toEqual(["file", "other"]);
  });

  test("writes a file whose name has 255 characters", async () => {
    const name = "n".repeat(255);
    const at = folderWith({ [name]: "old" });
    await write(at(name), "new");
    expect(readFileSync(at(name), "utf8")).toBe("new");
  });
});

describe("replaceFile() writes nothing", () => {
  test.each<[string, (path: string) => void, RegExp]>([
    ["a folder", (path) => mkdirSync(path), /: it is a folder; it is unchanged/],
    ["a FIFO", (path) => execFileSync("mkfifo", [path]), /: it is a FIFO/],
    ["a device", (path) => symlinkSync("/dev/null", path), /: it is a device/],
    ["a link to itself", (path) => symlinkSync(path, path), /ELOOP|leads nowhere/],
    [
      "a read-only file",
      (path) => {
        writeFileSync(path, "old");
        chmodSync(path, 0o444);
      },
      /: it is read-only/,
    ],
  ])("to %s", async (_, make, message) => {
    const at = folderWith({});
    make(at("file"));
    const before = lstatSync(at("file"));
    await expect(write(at("file"), "new")).rejects.toMatchObject(refusal(message));
    expect(lstatSync(at("file")).ino).toBe(before.ino);
    expect(readdirSync(at("."))).toEqual(["file"]);
  });

  test("in a folder that does not exist", async () => {
    const at = folderWith({});
    await expect(write(at("none/file"), "new")).rejects.toMatchObject(refusal(/ENOENT/));
  });

  test("to a file that has changed since it was read", async () => {
    const at = folderWith({ file: "old" });
    const unchangedSince = await stat(at("file"), { bigint: true });
    writeFileSync(at("file"), "OLD");
    utimesSync(at("file"), 1, 1);
    await expect(
      replaceFile(at("file"), [Buffer.from("new")], { where, unchangedSince }),
    ).rejects.toMatchObject(refusal(/a test: .*file cannot be written: somebody else has changed/));
    expect(readFileSync(at("file"), "utf8")).toBe("OLD");
    expect(readdirSync(at("."))).toEqual(["file"]);
  });

  test("when writing fails halfway", async () => {
    const at = folderWith({ file: "old" });
    // Writing a symbol throws, like writing to a full disk.
    const broken = [Buffer.from("half"), Symbol("a full disk") as unknown as Uint8Array];
    for (const name of ["file", "new"]) {
      await expect(replaceFile(at(name), broken, { where })).rejects.toMatchObject(
        refusal(/it is unchanged/),
      );
    }
    expect(readFileSync(at("file"), "utf8")).toBe("old");
    expect(readdirSync(at("."))).toEqual(["file"]);
  });
});

test("keeps the whole new content beside a hard-linked file when overwriting fails halfway", async () => {
  const at = folderWith({ file: "old" });
  linkSync(at("file"), at("other"));
  let reads = 0;
  const parts = {
    *[Symbol.iterator]() {
      yield Buffer.from("new");
      // The second iteration overwrites the file in place.
      if (++reads === 2) throw new Error("the disk broke");
    },
    reduce: () => 3,
  } as unknown as Uint8Array[];
  const error: Error = await replaceFile(at("file"), parts, { where }).then(
    () => new Error("it did not fail"),
    (reason) => reason,
  );
  const kept = /(\S+) has the complete new content$/.exec(error.message)?.[1] ?? "";
  expect(error.message).toContain("the disk broke");
  expect(readFileSync(kept, "utf8")).toBe("new");
});

describe("withRegularFile() rejects", () => {
  test.each<[string, (path: string) => void, RegExp]>([
    ["a folder", (path) => mkdirSync(path), /: it is a folder/],
    ["a FIFO without a writer", (path) => execFileSync("mkfifo", [path]), /: it is a FIFO/],
    ["an endless device", (path) => symlinkSync("/dev/zero", path), /: it is a device/],
    ["a file that does not exist", () => {}, /ENOENT/],
  ])("%s", async (_, make, message) => {
    const at = folderWith({});
    make(at("file"));
    const reading = withRegularFile(at("file"), where, async (file) => await file.readFile());
    await expect(reading).rejects.toMatchObject(refusal(message));
  });
});
