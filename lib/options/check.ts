import { invalidArgument, readArgument, show } from "../base/arguments.ts";
import { isAbortSignal } from "../base/brands.ts";
import type { CodeLlamaError } from "../errors.ts";
import { nearestName } from "./nearest-name.ts";

/** Says what is allowed, for a message, and whether a value is. */
export interface Rule {
  readonly allowed: string;
  /**
   * A copy that later changes by the caller do not reach, each getter read once. Absent where values
   * never change. `undefined` for what it cannot copy, which `accepts` then refuses.
   * @param name - of the value, for messages
   */
  copy?(value: unknown, name: string): unknown;
  /** Whether a value is allowed, as `copy` gave it. */
  accepts(value: unknown): boolean;
}

/** Rules for every property that an object may have. */
export interface Rules {
  readonly [name: string]: Rule | Rules;
}

/** A finite number in a range, both ends included. */
export function number(minimum: number, maximum: number): Rule {
  return {
    allowed: `a number from ${minimum} to ${maximum}`,
    accepts: (value) => typeof value === "number" && value >= minimum && value <= maximum,
  };
}

/** A whole number in a range, both ends included. */
export function integer(minimum: number, maximum: number): Rule {
  return {
    allowed: `a whole number from ${minimum} to ${maximum}`,
    accepts: (value) => Number.isInteger(value) && number(minimum, maximum).accepts(value),
  };
}

export function oneOf(...values: readonly (string | number | boolean)[]): Rule {
  return {
    allowed: values.map((value) => JSON.stringify(value)).join(", "),
    accepts: (value) => values.includes(value as string),
  };
}

export function either(...rules: readonly Rule[]): Rule {
  return {
    allowed: rules.map((rule) => rule.allowed).join(", or "),
    copy: (value, name) =>
      rules.reduce((copied, rule) => copyBy(rule, value, name) ?? copied, value),
    accepts: (value) => rules.some((rule) => rule.accepts(value)),
  };
}

export function listOf(rule: Rule, maximumLength: number): Rule {
  return {
    allowed: `an array of at most ${maximumLength}${rule.allowed && `, each ${rule.allowed}`}`,
    copy: (value, name) =>
      copyList(value, maximumLength, (each, index) => copyBy(rule, each, `${name}[${index}]`)),
    accepts: (value) =>
      Array.isArray(value) && value.length <= maximumLength && value.every(rule.accepts),
  };
}

export const boolean: Rule = oneOf(true, false);

/** Characters of any text. V8's strings have twice as many, which leaves room to put texts together. */
export const longestText = 2 ** 28;

export const anyText: Rule = {
  allowed: `a string of at most ${longestText} characters`,
  accepts: (value) => typeof value === "string" && value.length <= longestText,
};

export const text: Rule = {
  allowed: "a non-empty string",
  accepts: (value) => typeof value === "string" && value.length > 0,
};

export function textUpTo(maximumLength: number): Rule {
  return {
    allowed: `a non-empty string of at most ${maximumLength} characters`,
    accepts: (value) => text.accepts(value) && (value as string).length <= maximumLength,
  };
}

export const callback: Rule = {
  allowed: "a function",
  accepts: (value) => typeof value === "function",
};

export const abortSignal: Rule = { allowed: "an AbortSignal", accepts: isAbortSignal };

/** For options that one rule cannot describe: the caller checks them. */
export const anything: Rule = { allowed: "", accepts: () => true };

/**
 * Checks an options object and copies it. Callers use the copy alone: it holds what was checked,
 * whatever the caller's getters, Proxies or later changes say. `undefined` properties are as good as
 * absent. Properties that the object inherits count, those of every object do not.
 * @param where - the call, for the message: `"generate()"`
 * @throws CodeLlamaError `INVALID_ARGUMENT`, naming the option, its value and what is allowed
 */
export function checkOptions<Options>(options: Options, rules: Rules, where: string): Options {
  return readArgument(`${where}: options`, () => copyOptions(options, rules, where) as Options);
}

function copyOptions(options: unknown, rules: Rules, where: string): object {
  if (!isRecord(options)) {
    throw invalidArgument(`${where}: options must be an object, not ${show(options)}`);
  }
  const known = Object.keys(rules);
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(rules, name)) throw unknownOption(name, known, where);
  }
  const copy: Record<string, unknown> = Object.create(null);
  for (const name of known) {
    if (!isGiven(options, name)) continue;
    const value = options[name];
    const rule = rules[name];
    if (value === undefined || rule === undefined) continue;
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
    throw invalidArgument(`${name} must be ${rule.allowed}, not ${show(value)}`);
  });
}

/** Of lists that have no limit of their own: what is longer is no request. */
export const mostElements = 2 ** 20;

/**
 * A copy of a list, whose elements the caller checks.
 * @throws CodeLlamaError `INVALID_ARGUMENT` unless the value is an array
 */
export function checkList<Element>(list: readonly Element[], name: string): readonly Element[] {
  return checkValue(list, listOf(anything, mostElements), name) as readonly Element[];
}

/**
 * Copies a list by its indices, so that no iterator of the caller runs. Undefined for what is no
 * array, for longer ones, and for those with holes: they say nothing, and may be billions.
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

/** Copies an object's own properties, each read once; other values stay as they are. */
export function copyRecord(value: unknown): unknown {
  return isRecord(value) ? Object.assign(Object.create(null), value) : value;
}

/** Whether a value is an object that has named properties and nothing else. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  // Maps, dates, promises and the like have none, so that what they say would be lost.
  const tag = Object.prototype.toString.call(value);
  return tag === "[object Object]" || tag === "[object Module]";
}

function copyBy(rule: Rule, value: unknown, name: string): unknown {
  return rule.copy === undefined ? value : rule.copy(value, name);
}

/** `Object.prototype` gives nothing, whatever somebody put there. */
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
      ? "there are none"
      : `known options are ${known.join(", ")}`;
  return invalidArgument(`${where}: unknown option ${show(name)}; ${advice}`);
}
