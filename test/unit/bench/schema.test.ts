import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

interface Entry {
  readonly name: string;
  readonly schema: string;
  readonly instances: readonly { readonly valid: boolean; readonly text: string }[];
}

interface Result {
  readonly error?: string;
  readonly timedOut: boolean;
  readonly firstNs: number;
  readonly maskNs: readonly number[];
  readonly refused: number;
  readonly accepted: number;
}

interface Program {
  run(entry: Entry): Promise<Result>;
  close(): void;
}

// The bench is plain JavaScript, without declarations of its types.
const load = async (name: string): Promise<unknown> =>
  import(new URL(`../../../bench/${name}.mjs`, import.meta.url).href);
const { readMaskBench } = (await load("schema/maskbench-file")) as {
  readMaskBench(path: string): Entry[];
};
const { figuresOf } = (await load("schema/figures")) as {
  figuresOf(results: readonly Result[]): Readonly<Record<string, unknown>>;
};
const { SchemaProgram } = (await load("schema/schema-program")) as {
  SchemaProgram: new (command: readonly string[], limitMs: number) => Program;
};
const { readOptions } = (await load("options")) as {
  readOptions(args: readonly string[]): Readonly<Record<string, unknown>>;
};
const folder = temporaryFolder();

function written(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe("a file in MaskBench's format", () => {
  const lines = [
    '{"name": "first", "schema": {"minimum": 1.0}, "tests": [{"valid": true, "data": 1e400}, {"data": "]}\\"", "valid": false}]}',
    "",
    ' { "tests" : [ ] , "schema":true,"name":"second" } ',
  ].join("\n");
  const entries = [
    {
      name: "first",
      schema: '{"minimum": 1.0}',
      instances: [
        { valid: true, text: "1e400" },
        { valid: false, text: '"]}\\""' },
      ],
    },
    { name: "second", schema: "true", instances: [] },
  ];

  test("keeps the raw text of schemas and instances", () => {
    expect(readMaskBench(written("plain.jsonl", lines))).toEqual(entries);
  });

  test("may be compressed", () => {
    expect(readMaskBench(written("packed.jsonl.gz", gzipSync(lines)))).toEqual(entries);
  });

  test("is refused with the line that is wrong", () => {
    expect(() => readMaskBench(written("bad.jsonl", `${lines}\n{`))).toThrow("bad.jsonl:4 is not");
    expect(() => readMaskBench(written("no.jsonl", '{"schema": {}}'))).toThrow('"tests"');
    expect(() => readMaskBench(join(folder, "missing"))).toThrow("cannot be read");
  });
});

test("each schema counts once in the figures", () => {
  const right = { timedOut: false, firstNs: 2e6, maskNs: [1000, 3000], refused: 0, accepted: 0 };
  const figures = figuresOf([
    right,
    { ...right, refused: 2 },
    { ...right, refused: 1, accepted: 1 },
    { ...right, error: "no", maskNs: [], timedOut: true },
  ]);
  expect(figures).toEqual({
    schemas: 4,
    passing: 1,
    compileErrors: 1,
    validationErrors: 1,
    invalidationErrors: 1,
    timeouts: 1,
    masks: 6,
    maskMicroseconds: { mean: 2, p50: 1, p99: 3, max: 3 },
    firstMaskMilliseconds: { p50: 2, p99: 2 },
  });
});

describe("a program that measures schemas", () => {
  const source = `
    const lines = require("node:readline").createInterface(process.stdin);
    lines.on("line", (line) => {
      if (line === "schema crash") process.exit(3);
      if (line === "schema hang") lines.removeAllListeners("line");
      if (line === "valid 1") console.log("first 5\\nmasks 7 8\\nwrong 1 0");
      if (line === "invalid 2") console.log("error because");
      if (line === "end") console.log("end");
    });`;
  const programs: Program[] = [];
  const start = (limitMs: number) => {
    const program = new SchemaProgram([process.execPath, "-e", source], limitMs);
    programs.push(program);
    return program;
  };
  afterAll(() => {
    for (const program of programs) program.close();
  });
  const entry = (schema: string, valid: boolean, text: string) => ({
    name: "",
    schema,
    instances: [{ valid, text }],
  });

  test("answers, and starts again after a crash", async () => {
    const program = start(60_000);
    const measured = { timedOut: false, firstNs: 5, maskNs: [7, 8], refused: 1, accepted: 0 };
    expect(await program.run(entry("{}", true, "1"))).toEqual(measured);
    expect(await program.run(entry("{}", false, "2"))).toMatchObject({ error: "because" });
    const crash = await program.run(entry("crash", true, "1"));
    expect(crash).toMatchObject({ error: "the program crashed", timedOut: false });
    expect(await program.run(entry("{}", true, "1"))).toEqual(measured);
  });

  test("ends at the time limit", async () => {
    const late = await start(100).run(entry("hang", true, "1"));
    expect(late).toMatchObject({ error: "no result after 100 ms", timedOut: true });
  });
});

test("the command line names the file of the case schema", () => {
  expect(readOptions(["schema", "some.jsonl", "--json"])).toMatchObject({
    cases: ["schema"],
    file: "some.jsonl",
    json: true,
  });
  expect(readOptions([]).cases).not.toContain("schema");
  expect(() => readOptions(["schema"])).toThrow("schema needs a FILE");
  expect(() => readOptions(["schema", "a", "b"])).toThrow("A case must be one of");
  expect(() => readOptions(["decode", "some.jsonl"])).toThrow("A case must be one of");
  expect(() => readOptions(["decode", "--json"])).toThrow("--json needs the case schema");
});
