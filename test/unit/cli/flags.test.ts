import { Command } from "commander";
import { describe, expect, test } from "vitest";
import { addFlags, givenOptions, parseValue, ruleFlag } from "../../../lib/cli/flags.ts";
import { usageError } from "../../../lib/cli/usage-error.ts";
import { integer } from "../../../lib/options/check.ts";
import { generateTable } from "../../../lib/options/generate.ts";
import { infillTable } from "../../../lib/options/infill.ts";
import { loadTable } from "../../../lib/options/load.ts";

function parse(command: Command, args: readonly string[]): Record<string, unknown> {
  return command
    .action(() => {})
    .parse(args, { from: "user" })
    .opts();
}

describe("flags from an option table", () => {
  test("give the options that were set, and the defaults of the table", () => {
    const flags = parse(addFlags(new Command(), generateTable), ["--min-p", "0.1", "-n", "3"]);
    expect(flags).toMatchObject({ minP: 0.1, maxTokens: 3, temperature: 0.2, topP: 0.95 });
    expect(givenOptions(flags, generateTable)).not.toHaveProperty("seed");
  });

  test("may be repeated where the option takes a list", () => {
    const flags = parse(addFlags(new Command(), generateTable), ["--stop", "a", "--stop", "12"]);
    expect(flags).toMatchObject({ stop: ["a", "12"] });
  });

  test("take words for options that are not only numbers", () => {
    const command = addFlags(new Command(), loadTable);
    expect(parse(command, ["--kv-unified", "false", "--gpu-layers", "auto"])).toMatchObject({
      kvUnified: false,
      gpuLayers: "auto",
    });
  });

  test("are switches where the option has no value", () => {
    const command = addFlags(new Command(), infillTable);
    expect(parse(command, ["--single-line", "--order", "psm"])).toMatchObject({
      singleLine: true,
      order: "psm",
    });
  });

  test("show the default in the help text", () => {
    const help = addFlags(new Command(), generateTable, { maxTokens: 256 }).helpInformation();
    expect(help).toMatch(/-n, --max-tokens <number> .*\(default:\s+256\)/);
    expect(help.replaceAll(/\s+/g, " ")).toMatch(/--seed <number> .*\(default: random\)/);
  });
});

test.each([
  ["5.5", "--size must be a whole number between 1 and 9 (got 5.5)"],
  ["10", "--size must be a whole number between 1 and 9 (got 10)"],
  ["", '--size must be a whole number between 1 and 9 (got "")'],
  ["x", '--size must be a whole number between 1 and 9 (got "x")'],
])("the value %j is rejected with the flag, the range and the value", (value, message) => {
  expect(() => parseValue(value, integer(1, 9), "--size")).toThrow(message);
});

describe("a wrong command line is rejected in the words of our own errors", () => {
  const run = (args: readonly string[]) => {
    let written = "";
    const program = new Command("program").exitOverride().configureOutput({
      writeErr: () => {},
      outputError: (message) => {
        written += usageError(message);
      },
    });
    program
      .command("fill")
      .argument("<file>")
      .addOption(ruleFlag("-s, --size <number>", "size", integer(1, 9)))
      .action(() => {});
    program.command("list").action(() => {});
    expect(() => program.parse(args, { from: "user" })).toThrow();
    return written;
  };

  test.each<[string, string[], string]>([
    ["an unknown command", ["fil"], 'error: unknown command "fil"; did you mean "fill"?\n'],
    [
      "an unknown option",
      ["fill", "--sise"],
      'error: unknown option "--sise"; did you mean "--size"?\n',
    ],
    ["an option like no other", ["fill", "--zzzzzz"], 'error: unknown option "--zzzzzz"\n'],
    ["a missing argument", ["fill"], "error: argument <file> is missing\n"],
    ["a missing value", ["fill", "-s"], "error: --size must have a value\n"],
    ["too many arguments", ["fill", "a", "b"], "error: too many arguments: at most 1 (got 2)\n"],
  ])("%s", (_, args, message) => {
    expect(run(args)).toBe(message);
  });
});
