import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { chatTable } from "../../lib/options/chat.ts";
import { connectTable } from "../../lib/options/connect.ts";
import { generateTable } from "../../lib/options/generate.ts";
import { infillTable } from "../../lib/options/infill.ts";
import { loadTable } from "../../lib/options/load.ts";
import { sessionTable } from "../../lib/options/session.ts";
import type { AnyTable } from "../../lib/options/table.ts";

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

/** The options that a table documents in another way than a second table. */
function ownNames(table: AnyTable, shared: AnyTable): string[] {
  return Object.keys(table).filter(
    (name) =>
      table[name]?.doc !== shared[name]?.doc || table[name]?.default !== shared[name]?.default,
  );
}

describe("the README", () => {
  test("lists every option of generate(), and no other", () => {
    // `signal` is among the ways to use a Generation.
    const listed = new Set([...names("Generating"), "signal"]);
    expect(Object.keys(generateTable).toSorted()).toEqual([...listed].toSorted());
  });

  test("lists every option of load(), and no other", () => {
    expect(Object.keys(loadTable).toSorted()).toEqual(names("Loading").toSorted());
  });

  test("lists every option of infill(), chat() and session(), and no other", () => {
    expect(ownNames(infillTable, generateTable).toSorted()).toEqual(
      names("Filling holes").toSorted(),
    );
    expect(
      [...ownNames(chatTable, generateTable), ...Object.keys(sessionTable)].toSorted(),
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
    expect(Object.keys(connectTable).toSorted()).toEqual(listed.toSorted());
  });

  test("lists every error code", () => {
    const union = read("lib/errors.ts").split("type CodeLlamaErrorCode =")[1]?.split(";")[0] ?? "";
    const codes = [...union.matchAll(/"(\w+)"/g)].map((match) => match[1]);
    const listed = names("Errors");
    expect(codes.toSorted()).toEqual(listed.toSorted());
  });
});
