import type { Rule, Rules } from "./check.ts";

/**
 * The option table of one call: the only place where an option's range, default, native field, command
 * line flag, HTTP field and documentation line are written. A table without an entry for an option of
 * `Options` does not compile.
 */
export type OptionTable<Options> = {
  readonly [Name in keyof Options]-?: Entry<NonNullable<Options[Name]>>;
};

/** The option table of a call whose options become properties of a `Native` object. */
export type NativeTable<Options, Native> = {
  readonly [Name in keyof Options]-?: Entry<NonNullable<Options[Name]>> & {
    readonly native: NativeProperty<Name, NonNullable<Options[Name]>, Native>;
  };
};

/** Everything about one option. */
export type Entry<Value> = EntryText<Value> & (SingleEntry<Value> | GroupEntry<Value>);

/** An option with one value. */
interface SingleEntry<Value> {
  readonly rule: Rule<Value>;
  readonly options?: undefined;
}

/** An option that is an object with options of its own. */
interface GroupEntry<Value> {
  readonly rule?: undefined;
  readonly options: OptionTable<Extract<Value, object>>;
}

interface EntryText<Value> {
  /** Effect of the option: imperative, at most 60 characters, no full stop. */
  readonly doc: string;
  /** Value when the option is left out. Absent when that is not one value, or the option is off. */
  readonly default?: Value;
  /** Form of the values, for the documentation of a rule that has no JSON schema. */
  readonly form?: string;
  /** Words for a default that is not one value. */
  readonly defaultText?: string;
  /** Values without effect. `"always"`: the option only adjusts other options. Absent: no such value. */
  readonly off?: readonly unknown[] | "always";
  /** Name in the HTTP API: OpenAI's name, or llama.cpp's where OpenAI has none. Absent: no field. */
  readonly field?: string;
  /** Flag of the command line, named like the option. Absent: no flag. */
  readonly flag?: Flag;
}

export interface Flag {
  /** Placeholder of the value in the help text. Absent for a switch. */
  readonly value?: string;
  /** Short form, such as `"-n"`. */
  readonly short?: string;
}

/**
 * How an option reaches the addon: as the property of the same name, through a function that returns
 * native properties, or not at all (`"none"`: lib/ handles it).
 */
export type NativeProperty<Name, Value, Native> =
  | "none"
  | ((value: Value, where: string, engine: EngineFacts) => Partial<Native>)
  | (Name extends keyof Native ? (Value extends Native[Name] ? "same" : never) : never);

/** Facts about an engine that options are checked against. */
export interface EngineFacts {
  /** `vocabularySize` is 0 when a remote engine does not report it. */
  readonly model: { readonly vocabularySize: number };
  readonly loras: readonly { readonly name: string }[];
}

/** Any option table, without its types. */
export type AnyTable = Readonly<Record<string, AnyEntry>>;

export interface AnyEntry extends EntryText<unknown> {
  readonly rule?: Rule | undefined;
  readonly options?: object | undefined;
  readonly native?: string | ((value: never, where: string, engine: EngineFacts) => object);
}

/** The facts before a model is loaded. */
const noEngine: EngineFacts = { model: { vocabularySize: 0 }, loras: [] };

const rulesByTable = new WeakMap<AnyTable, Rules>();

/** The rules of a table's options. */
export function rulesOf(table: AnyTable): Rules {
  const known = rulesByTable.get(table);
  if (known !== undefined) return known;
  const rules = Object.fromEntries(
    Object.entries(table).map(([name, { rule, options }]) => [
      name,
      rule ?? rulesOf(options as AnyTable),
    ]),
  );
  rulesByTable.set(table, rules);
  return rules;
}

/**
 * The native properties of checked options. Absent options are absent in the result, and the addon's
 * defaults apply to them.
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export function nativeProperties(
  options: Readonly<Record<string, unknown>>,
  table: AnyTable,
  where: string,
  engine: EngineFacts = noEngine,
): object {
  const properties: Record<string, unknown> = {};
  for (const [name, { native }] of Object.entries(table)) {
    const value = options[name];
    if (value === undefined || native === "none") continue;
    if (typeof native === "function") {
      Object.assign(properties, native(value as never, where, engine));
    } else {
      properties[name] = value;
    }
  }
  return properties;
}
