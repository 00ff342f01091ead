import { invalidArgument, show } from "../base/arguments.ts";
import type { RopeOptions } from "../native/load-options.ts";
import { checkOptions, integer, number, oneOf, type Rules } from "./check.ts";

const yarnRules: Rules = {
  extFactor: number(0, 1),
  attnFactor: number(0.01, 100),
  betaFast: number(0.01, 10_000),
  betaSlow: number(0.01, 10_000),
  origContext: integer(1, 2 ** 31 - 1),
};

const rules: Rules = {
  base: number(2, 1e12),
  scale: number(0.0001, 1),
  type: oneOf("none", "linear", "yarn"),
  yarn: yarnRules,
};

/**
 * Checks the options; returns them as the addon takes them.
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export function ropeOptions(given: RopeOptions, where: string): RopeOptions {
  const place = `${where}: rope`;
  const options = checkOptions(given, rules, place);
  const { yarn, type = "yarn", scale } = options;
  if (type === "none" && scale !== undefined) {
    throw invalidArgument(`${place}: scale must be left out with type "none" (got ${show(scale)})`);
  }
  // Plain objects, so that they compare equal to the ones in a prefix file's JSON.
  if (yarn === undefined) return { ...options };
  if (type !== "yarn") {
    throw invalidArgument(`${place}: yarn must be left out with type ${show(type)}`);
  }
  const { extFactor, attnFactor, betaFast, betaSlow } = yarn;
  if (attnFactor !== undefined && extFactor !== 0) {
    throw invalidArgument(`${place}: yarn: attnFactor needs extFactor: 0 (got ${show(extFactor)})`);
  }
  if (betaFast !== undefined && betaSlow !== undefined && betaSlow >= betaFast) {
    throw invalidArgument(
      `${place}: yarn: betaSlow must be below betaFast, which is ${betaFast} (got ${betaSlow})`,
    );
  }
  return { ...options, type, yarn: { ...yarn } };
}
