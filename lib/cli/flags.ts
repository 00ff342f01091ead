import { type Command, Option } from "commander";
import { invalidArgument, show } from "../base/arguments.ts";
import type { Rule } from "../options/check.ts";
import type { AnyEntry, AnyTable, Flag } from "../options/table.ts";

/** Names of the options of a table that have a flag. */
export type FlagName<Table> = {
  [Name in keyof Table]: Table[Name] extends { readonly flag: Flag } ? Name : never;
}[keyof Table];

/**
 * Adds the flags of a table's options, with the help text, the range and the default of the table.
 * @param defaults - defaults that differ on the command line
 * @param only - names of the options to add; all by default
 */
export function addFlags(
  command: Command,
  table: AnyTable,
  defaults: Readonly<Record<string, unknown>> = {},
  only: readonly string[] = Object.keys(table),
): Command {
  for (const name of only) {
    const entry = table[name];
    if (entry?.flag !== undefined) {
      command.addOption(tableFlag(name, entry, entry.flag, defaults[name]));
    }
  }
  return command;
}

function tableFlag(name: string, entry: AnyEntry, flag: Flag, ownDefault: unknown): Option {
  const { doc, rule, default: tableDefault = ownDefault, defaultText } = entry;
  const flags = [
    ...(flag.short === undefined ? [] : [flag.short]),
    `--${kebabCase(name)}${flag.value === undefined ? "" : ` <${flag.value}>`}`,
  ].join(", ");
  const value = ownDefault ?? tableDefault;
  const standard = value === undefined ? defaultText?.replaceAll("`", "") : undefined;
  const help = standard === undefined ? doc : `${doc} (default: ${standard})`;
  const option =
    flag.value === undefined || rule === undefined
      ? new Option(flags, help)
      : ruleFlag(flags, help, rule);
  return value === undefined || value === false ? option : option.default(value, `${value}`);
}

/** A flag whose value must follow a rule. A flag whose rule allows a list may be repeated. */
export function ruleFlag(flags: string, help: string, rule: Rule): Option {
  const isRepeatable = rule.schema?.anyOf?.some(({ type }) => type === "array") ?? false;
  const option = new Option(flags, isRepeatable ? `${help}; repeatable` : help);
  return option.argParser((text, earlier: unknown) => {
    const value = parseValue(text, rule, option.long ?? flags);
    return isRepeatable ? [...(Array.isArray(earlier) ? earlier : []), value] : value;
  });
}

/**
 * Reads a value of the command line.
 * @param name - flag, for the message
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export function parseValue(text: string, rule: Rule, name: string): unknown {
  const number = text.trim() === "" ? Number.NaN : Number(text);
  const words: readonly unknown[] = text === "true" || text === "false" ? [text === "true"] : [];
  const values = [...(Number.isNaN(number) ? [] : [number]), ...words, text];
  const value = values.find((each) => rule.accepts(each));
  if (value !== undefined) return value;
  throw invalidArgument(`${name} must be ${rule.allowed} (got ${show(values[0])})`);
}

/** The options that were given as flags. */
export function givenOptions<Options extends object>(
  flags: Options,
  table: AnyTable,
  only: readonly string[] = Object.keys(table),
): Options {
  const given = Object.entries(flags).filter(
    ([name, value]) => only.includes(name) && table[name]?.flag && value !== undefined,
  );
  return Object.fromEntries(given) as Options;
}

function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
