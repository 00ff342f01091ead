import { Option } from "commander";
import { invalidArgument, show } from "../base/arguments.ts";
import { number, type Rule, text } from "../options/check.ts";
import { isOrigin, originForm } from "../server/http/origin.ts";
import { parseValue, ruleFlag } from "./flags.ts";

// Node.js's timers take at most 2^31-1 ms; this is the limit in whole seconds.
const longestSeconds = 2_147_483;

/** A flag that takes seconds and gives milliseconds. */
export function secondsFlag(flags: string, help: string, minimumSeconds: number): Option {
  const option = new Option(flags, help);
  const rule = number(minimumSeconds, longestSeconds);
  return option.argParser((value) =>
    Math.round(Number(parseValue(value, rule, option.long ?? flags)) * 1000),
  );
}

/** A flag that takes a text that is not empty. */
export function textFlag(flags: string, help: string): Option {
  return ruleFlag(flags, help, text);
}

/** A flag that takes one or more names. */
export function namesFlag(flags: string, help: string): Option {
  return listFlag(flags, help, text);
}

/** A flag that takes one or more origins of web pages. */
export function originsFlag(flags: string, help: string): Option {
  return listFlag(flags, help, { allowed: originForm, accepts: isOrigin });
}

function listFlag(flags: string, help: string, rule: Rule): Option {
  const option = new Option(flags, help);
  const name = option.long ?? flags;
  return option.argParser((value, earlier: readonly string[] = []) => {
    if (rule.accepts(value)) return [...earlier, value];
    throw invalidArgument(`${name} must be ${rule.allowed} (got ${show(value)})`);
  });
}
