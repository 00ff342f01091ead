import { invalidArgument, readArgument, show } from "../base/arguments.ts";
import { isAbortSignal } from "../base/brands.ts";
import type { CodeLlamaError } from "../errors.ts";
import { nearestName } from "./nearest-name.ts";

/** The values that an option takes: as words for a message, as a test, and as a JSON schema. */
export interface Rule<Value = unknown> {
  /** The allowed values, as they follow "must be" in a message. */
  readonly allowed: string;
  /** JSON schema of the allowed values. Absent when JSON cannot express them. */
  readonly schema?: JsonSchema;
  /** Whether an object without this option is refused. */
  readonly isRequired?: boolean;
  /**
   * Copies a value, so that later changes by the caller have no effect. Reads each getter once.
   * Returns `undefined` for a value that it cannot copy; `accepts` then refuses it. Absent for rules
   * whose values cannot change.
   * @param name - name of the value for messages
   */
  copy?(value: unknown, name: string): unknown;
  /** Whether a value that `copy` returned is allowed. */
  accepts(value: unknown): boolean;
  /** Type of the allowed values, for the compiler only. A `Rule<never>` fits every option. */
  readonly value?: Value;
}

/** The keywords of JSON Schema that rules use. */
export interface JsonSchema {
  readonly type?: "number" | "integer" | "boolean" | "string" | "array";
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly items?: JsonSchema;
  readonly enum?: readonly (string | number | boolean)[];
  readonly anyOf?: readonly JsonSchema[];
}

/** Rules for all properties that an object may have. */
export interface Rules {
  readonly [name: string]: Rule | Rules;
}

/** A finite number in a range, both ends included. */
export function number(minimum: number, maximum: number): Rule<number> {
  return {
    allowed: `between ${minimum} and ${maximum}`,
    schema: { type: "number", minimum, maximum },
    accepts: (value) => typeof value === "number" && value >= minimum && value <= maximum,
  };
}

/** A whole number in a range, both ends included. */
export function integer(minimum: number, maximum: number): Rule<number> {
  return {
    allowed: `a whole number between ${minimum} and ${maximum}`,
    schema: { type: "integer", minimum, maximum },
    accepts: (value) => Number.isInteger(value) && number(minimum, maximum).accepts(value),
  };
}

export function oneOf<const Value extends string | number | boolean>(
  ...values: readonly Value[]
): Rule<Value> {
  return {
    allowed: alternatives(values.map((value) => JSON.stringify(value))),
    schema: { enum: values },
    accepts: (value) => values.includes(value as Value),
  };
}

/** `a, b or c` */
function alternatives(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} or ${last}`;
}

export function either<First, Second>(
  first: Rule<First>,
  second: Rule<Second>,
): Rule<First | Second> {
  const rules = [first, second];
  const schemas = rules.flatMap(({ schema = [] }) => schema);
  return {
    allowed: rules.map((rule) => rule.allowed).join(", or "),
    ...(schemas.length === rules.length && { schema: { anyOf: schemas } }),
    copy: (value, name) =>
      rules.reduce((copied, rule) => copyBy(rule, value, name) ?? copied, value),
    accepts: (value) => rules.some((rule) => rule.accepts(value)),
  };
}

export function listOf<Element>(
  rule: Rule<Element>,
  maximumLength: number,
): Rule<readonly Element[]> {
  const { schema } = rule;
  return {
    allowed: `an array of at most ${maximumLength}${rule.allowed && `, each ${rule.allowed}`}`,
    ...(schema && { schema: { type: "array", items: schema, maxItems: maximumLength } }),
    copy: (value, name) =>
      copyList(value, maximumLength, (each, index) => copyBy(rule, each, `${name}[${index}]`)),
    accepts: (value) =>
      Array.isArray(value) && value.length <= maximumLength && value.every(rule.accepts),
  };
}

/** The rule for an option that must not be left out. */
export function required<Value>(rule: Rule<Value>): Rule<Value> {
  return { ...rule, isRequired: true };
}

export const boolean: Rule<boolean> = { ...oneOf(true, false), schema: { type: "boolean" } };

/** Longest text in characters. V8's limit is twice as much, which leaves room to join texts. */
export const longestText = 2 ** 28;

export const anyText: Rule<string> = {
  allowed: `a string of at most ${longestText} characters`,
  schema: { type: "string", maxLength: longestText },
  accepts: (value) => typeof value === "string" && value.length <= longestText,
};

export const text: Rule<string> = {
  allowed: "a non-empty string",
  schema: { type: "string", minLength: 1 },
  accepts: (value) => typeof value === "string" && value.length > 0,
};

export function textUpTo(maximumLength: number): Rule<string> {
  return {
    allowed: `a non-empty string of at most ${maximumLength} characters`,
    schema: { type: "string", minLength: 1, maxLength: maximumLength },
    accepts: (value) => text.accepts(value) && (value as string).length <= maximumLength,
  };
}

export const callback: Rule<never> = {
  allowed: "a function",
  accepts: (value) => typeof value === "function",
};

export const abortSignal: Rule<AbortSignal> = {
  allowed: "an AbortSignal",
  accepts: isAbortSignal,
};

/** The rule for an option that one rule cannot describe: the caller checks the value itself. */
export const anything: Rule<never> = { allowed: "", accepts: () => true };

/**
 * Checks an options object and copies it. Callers use only the copy: it holds exactly the values that
 * were checked, whatever getters, Proxies or later changes of the caller say. A property that is
 * `undefined` counts as absent. Inherited properties count, except those of `Object.prototype`.
 * @param where - the call, for messages: `"generate()"`
 * @throws CodeLlamaError `INVALID_ARGUMENT`, naming the option, its value and the allowed values
 */
export function checkOptions<Options>(options: Options, rules: Rules, where: string): Options {
  return readArgument(`${where}: options`, () => copyOptions(options, rules, where) as Options);
}

function copyOptions(options: unknown, rules: Rules, where: string): object {
  if (!isRecord(options)) {
    throw invalidArgument(`${where}: options must be an object (got ${show(options)})`);
  }
  const known = Object.keys(rules);
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(rules, name)) throw unknownOption(name, known, where);
  }
  const copy: Record<string, unknown> = Object.create(null);
  for (const name of known) {
    const rule = rules[name];
    if (rule === undefined) continue;
    const value = isGiven(options, name) ? options[name] : undefined;
    if (value === undefined) {
      if (rule.isRequired === true) throw invalidArgument(`${where}: ${name} is missing`);
      continue;
    }
    copy[name] = isRule(rule)
      ? checkValue(value, rule, `${where}: ${name}`)
      : copyOptions(value, rule, `${where}: ${name}`);
  }
  return copy;
}

/**
 * Checks one value and copies it.
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export function checkValue(value: unknown, rule: Rule, name: string): unknown {
  return readArgument(name, () => {
    const copied = copyBy(rule, value, name);
    if (rule.accepts(copied)) return copied;
    throw invalidArgument(`${name} must be ${rule.allowed} (got ${show(value)})`);
  });
}

/** Maximum length of a list that has no limit of its own. */
export const mostElements = 2 ** 20;

/**
 * Copies a list whose elements the caller checks.
 * @throws CodeLlamaError `INVALID_ARGUMENT` unless the value is an array
 */
export function checkList<Element>(list: readonly Element[], name: string): readonly Element[] {
  return checkValue(list, listOf(anything, mostElements), name) as readonly Element[];
}

/**
 * Copies a list by its indices, so that no iterator of the caller runs. Returns undefined for a value
 * that is not an array, is too long, or has holes: an array can have billions of holes.
 */
export function copyList(
  value: unknown,
  maximumLength: number,
  copy: (element: unknown, index: number) => unknown,
): unknown[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const { length } = value;
  if (!(length <= maximumLength)) return undefined;
  const copied: unknown[] = [];
  for (let index = 0; index < length; index++) {
    if (!(index in value)) return undefined;
    copied.push(copy(value[index], index));
  }
  return copied;
}

/** Copies the own properties of an object and reads each once. Returns other values as they are. */
export function copyRecord(value: unknown): unknown {
  return isRecord(value) ? Object.assign(Object.create(null), value) : value;
}

/** Whether a value is an object with named properties, and not a Map, a date, a promise or the like. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const tag = Object.prototype.toString.call(value);
  return tag === "[object Object]" || tag === "[object Module]";
}

function copyBy(rule: Rule, value: unknown, name: string): unknown {
  return rule.copy === undefined ? value : rule.copy(value, name);
}

/** Whether the object has the property. Properties that somebody put on `Object.prototype` do not count. */
function isGiven(options: object, name: string): boolean {
  return Object.hasOwn(options, name) || (name in options && !(name in Object.prototype));
}

function isRule(rule: Rule | Rules): rule is Rule {
  return typeof rule.accepts === "function";
}

function unknownOption(name: string, known: readonly string[], where: string): CodeLlamaError {
  const nearest = nearestName(name, known);
  const advice = nearest
    ? `did you mean ${JSON.stringify(nearest)}?`
    : known.length === 0
      ? "this call has no options"
      : `known options are ${known.join(", ")}`;
  return invalidArgument(`${where}: unknown option ${show(name)}; ${advice}`);
}
