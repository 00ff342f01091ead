import { CodeLlamaError } from "../errors.ts";
import { nearestName } from "./nearest-name.ts";

/** Says what is allowed, for a message, and whether a value is. */
export interface Rule {
  readonly allowed: string;
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
    accepts: (value) => rules.some((rule) => rule.accepts(value)),
  };
}

export function listOf(rule: Rule, maximumLength: number): Rule {
  return {
    allowed: `an array of at most ${maximumLength}, each ${rule.allowed}`,
    accepts: (value) =>
      Array.isArray(value) && value.length <= maximumLength && value.every(rule.accepts),
  };
}

export const boolean: Rule = oneOf(true, false);

export const text: Rule = {
  allowed: "a non-empty string",
  accepts: (value) => typeof value === "string" && value.length > 0,
};

export const callback: Rule = {
  allowed: "a function",
  accepts: (value) => typeof value === "function",
};

export const abortSignal: Rule = {
  allowed: "an AbortSignal",
  accepts: (value) => value instanceof AbortSignal,
};

/**
 * Checks an options object; `undefined` properties are as good as absent.
 * @param where - the call, for the message: `"generate()"`
 * @throws CodeLlamaError `INVALID_ARGUMENT`, naming the option, its value and what is allowed
 */
export function checkOptions(options: unknown, rules: Rules, where: string): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw invalidArgument(`${where}: options must be an object, not ${show(options)}`);
  }
  for (const [name, value] of Object.entries(options)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (rule === undefined) throw unknownOption(name, Object.keys(rules), where);
    if (value === undefined) continue;
    if (isRule(rule)) {
      if (!rule.accepts(value)) {
        throw invalidArgument(`${where}: ${name} must be ${rule.allowed}, not ${show(value)}`);
      }
    } else {
      checkOptions(value, rule, `${where}: ${name}`);
    }
  }
}

export function invalidArgument(message: string): CodeLlamaError {
  return new CodeLlamaError("INVALID_ARGUMENT", message);
}

/** A value as a message shows it: short, and without a user's whole text. */
export function show(value: unknown): string {
  if (typeof value === "string") {
    return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  }
  if (typeof value === "number" || typeof value === "boolean" || value == null) return `${value}`;
  if (typeof value === "bigint") return `${value}n`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === "object") return `an object of ${value.constructor?.name ?? "no class"}`;
  return `a ${typeof value}`;
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
  return invalidArgument(`${where}: unknown option ${JSON.stringify(name)}; ${advice}`);
}
