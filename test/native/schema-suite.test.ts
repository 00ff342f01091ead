import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";

// The official JSON-Schema-Test-Suite for draft 2020-12. `npm test -- test/native/schema-suite.test.ts -u`
// writes its table in docs/ anew.
const root = fileURLToPath(new URL("../..", import.meta.url));
const builds = join(process.env.NODE_CODELLAMA_PREBUILD ?? root, "build");
const config = existsSync(join(builds, "Release")) ? "Release" : "Debug";
const program = join(builds, config, "schema_match");

interface Group {
  readonly file: string;
  readonly description: string;
  /** JSON text. */
  readonly schema: string;
  readonly tests: readonly {
    readonly description: string;
    /** JSON text of the value, with the digits and escapes of the suite. */
    readonly text: string;
    readonly valid: boolean;
  }[];
}

interface Answer {
  readonly group: Group;
  /** Why the schema is refused. Undefined if it compiles. */
  readonly refusal?: string;
  /** For each test, whether the grammar admits its text. */
  readonly admitted: readonly boolean[];
}

async function ask(groups: readonly Group[]): Promise<Answer[]> {
  const child = spawn(program, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = groups.map(({ schema, tests }) => [schema, ...tests.map((each) => each.text)]);
  child.stdin.end(lines.map((line) => `${line.join("\t")}\n`).join(""));
  const answers = (await text(child.stdout)).trimEnd().split("\n");
  expect(answers).toHaveLength(groups.length);
  return groups.map((group, at) => {
    const [digits = "", refusal] = (answers[at] ?? "").split("\t");
    const admitted = refusal === undefined ? Array.from(digits, (digit) => digit === "1") : [];
    return { group, admitted, ...(refusal !== undefined && { refusal }) };
  });
}

/** The keyword or reason in the message of a refusal. */
function reason(message: string): string {
  const plain = message.replace(/^jsonSchema: /, "").replace(/^\/\S*: (: )?/, "");
  if (plain.startsWith("no value meets")) return "no value is valid";
  if (plain.includes("is not in the schema")) return "`$ref` to another document";
  if (plain.startsWith('"format"'))
    return `\`format\`: ${/the format is ([\w-]+)/.exec(plain)?.[1]}`;
  const keyword = /"(\S+?)"/.exec(plain)?.[1] ?? /^multipleOf/.exec(plain)?.[0];
  return keyword === undefined ? plain : `\`${keyword}\``;
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
const count = <Item>(items: readonly Item[], isCounted: (item: Item) => boolean) =>
  items.filter(isCounted).length;

/** Number of tests of a group by their outcome. */
function outcomes({ group, refusal, admitted }: Answer) {
  const { tests } = group;
  const refused = refusal === undefined ? 0 : tests.length;
  const isRight = tests.map((each, at) => admitted[at] === each.valid);
  const passed = refused > 0 ? 0 : count(isRight, Boolean);
  return { tests: tests.length, passed, refused, narrow: tests.length - passed - refused };
}

function row(name: string, answers: readonly Answer[]): string {
  const all = answers.map(outcomes);
  const reasons = new Set(
    answers.flatMap(({ refusal }) => (refusal === undefined ? [] : [reason(refusal)])),
  );
  const numbers = (["tests", "passed", "refused", "narrow"] as const).map((key) =>
    sum(all.map((each) => each[key])),
  );
  return `| ${[name, ...numbers, [...reasons].join(", ")].join(" | ")} |`;
}

function table(answers: readonly Answer[]): string {
  const files = [...new Set(answers.map(({ group }) => group.file))];
  const narrow = answers.flatMap(({ group, refusal, admitted }) =>
    group.tests.flatMap((each, at) =>
      refusal === undefined && each.valid && admitted[at] === false
        ? [`| ${group.file} | ${each.description.replaceAll("|", "\\|")} |`]
        : [],
    ),
  );
  return [
    "# JSON-Schema-Test-Suite, draft 2020-12",
    "",
    "Written by `test/native/schema-suite.test.ts`. A test is passed if `jsonSchema` admits the text of a valid value, or",
    "forbids the text of an invalid value. A refused schema gives the error `INVALID_GRAMMAR` before anything runs. This includes",
    "schemas that no value meets. No invalid value is admitted.",
    "",
    "| file | tests | passed | schema refused | valid text not written | reasons of refusals |",
    "| --- | --: | --: | --: | --: | --- |",
    ...files.map((file) =>
      row(
        file,
        answers.filter(({ group }) => group.file === file),
      ),
    ),
    row("**all**", answers).replace(/[^|]*\|$/, " |"),
    "",
    "## Valid texts that are not written",
    "",
    "- Integers have no fraction: `1` for `1.0`. Numbers have at most 21 digits before the point, so a model cannot write digits",
    "  forever.",
    "- Formats are enforced. By the specification they may be mere annotations, which is what `format.json` tests.",
    "- Host names in Punycode, quoted names and address literals in e-mail addresses, and leap seconds outside UTC. An automaton",
    "  cannot check them, or would be large for texts that are very rare.",
    "- `$schema` names a draft. Other metaschemas are not read, so `vocabulary.json` cannot switch keywords off.",
    "",
    "| file | text |",
    "| --- | --- |",
    ...narrow,
    "",
  ].join("\n");
}

describe("JSON-Schema-Test-Suite", async () => {
  const packed = readFileSync(
    join(root, "test/fixtures/json-schema-test-suite/draft2020-12.jsonl.gz"),
  );
  const lines = gunzipSync(packed).toString().trimEnd().split("\n");
  const answers = await ask(lines.map((line) => JSON.parse(line) as Group));

  test("admits no invalid value", () => {
    const wrong = answers.flatMap(({ group, admitted }) =>
      group.tests.flatMap((each, at) =>
        admitted[at] === true && !each.valid
          ? [`${group.file}: ${group.description}: ${each.description}`]
          : [],
      ),
    );
    expect(wrong).toEqual([]);
  });

  test("has the results of the table in docs/", async () => {
    await expect(table(answers)).toMatchFileSnapshot("../../docs/json-schema-suite.md");
  });
});
