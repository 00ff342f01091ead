import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

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

describe("the README", () => {
  test("lists every option of createHandler(), and no other", () => {
    expect(properties("lib/server/service/options.ts", "HandlerOptions").toSorted()).toEqual(
      names("Serving").toSorted(),
    );
  });

  test("lists every error code", () => {
    const union = read("lib/errors.ts").split("type CodeLlamaErrorCode =")[1]?.split(";")[0] ?? "";
    const codes = [...union.matchAll(/"(\w+)"/g)].map((match) => match[1]);
    const listed = names("Errors");
    expect(codes.toSorted()).toEqual(listed.toSorted());
  });
});
