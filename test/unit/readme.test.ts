import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { generateTable } from "../../lib/options/generate.ts";
import { nativeLoadOptions } from "../../lib/options/load.ts";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const readme = read("README.md");

/** The names in the first column of the tables below a heading. */
function names(heading: string): string[] {
  const section = readme.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  const cells = section.match(/^\| `[^|]+/gm) ?? [];
  return cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map((match) => match[1] ?? ""));
}

/** The properties of an exported interface. */
function properties(path: string, name: string): string[] {
  const start = new RegExp(`export interface ${name}\\s+(extends [^{]+)?\\{`);
  const body = read(path).split(start)[2]?.split("\n}")[0] ?? "";
  return [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map((match) => match[1] ?? "");
}

const loadOptionNames = [
  ...properties("lib/options/load.ts", "LoadOptions"),
  ...properties("lib/options/device.ts", "DeviceOptions"),
];

describe("the README", () => {
  test("lists every option of generate(), and no other", () => {
    // `signal` is among the ways to use a Generation.
    const listed = new Set([...names("Generating"), "signal"]);
    expect(Object.keys(generateTable).toSorted()).toEqual([...listed].toSorted());
  });

  test("lists every option of load(), and no other", () => {
    expect(loadOptionNames.toSorted()).toEqual(names("Loading").toSorted());
  });

  test("lists every option of infill(), chat() and session(), and no other", () => {
    expect(properties("lib/options/infill.ts", "InfillOptions").toSorted()).toEqual(
      names("Filling holes").toSorted(),
    );
    expect(
      [
        ...properties("lib/options/chat.ts", "ChatOptions"),
        ...properties("lib/options/session.ts", "SessionOptions"),
      ].toSorted(),
    ).toEqual(names("Chatting").toSorted());
  });

  test("lists every option of createHandler(), and no other", () => {
    expect(properties("lib/server/service/options.ts", "HandlerOptions").toSorted()).toEqual(
      names("Serving").toSorted(),
    );
  });

  test("lists every option of connect(), and no other", () => {
    // `signal` is as everywhere.
    const listed = [...names("Connecting to a remote engine"), "signal"];
    expect(properties("lib/options/connect.ts", "ConnectOptions").toSorted()).toEqual(
      listed.toSorted(),
    );
  });

  test("lists every error code", () => {
    const union = read("lib/errors.ts").split("type CodeLlamaErrorCode =")[1]?.split(";")[0] ?? "";
    const codes = [...union.matchAll(/"(\w+)"/g)].map((match) => match[1]);
    const listed = names("Errors");
    expect(codes.toSorted()).toEqual(listed.toSorted());
  });
});

describe("the checks know every documented option", () => {
  test.each(loadOptionNames)("load: %s", (name) => {
    expect(() => nativeLoadOptions("model.gguf", { [name]: undefined })).not.toThrow();
  });
});
