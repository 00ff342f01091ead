import { invalidArgument, show } from "../base/arguments.ts";
import { checkOptions, integer, number, oneOf, type Rules } from "./check.ts";

/** How YaRN stretches a context. What is left out is as in the file. */
export interface YarnOptions {
  /**
   * How much of the fast frequencies stays unscaled: 1 as in YaRN's paper, 0 for none. Default 1;
   * range 0 to 1.
   */
  readonly extFactor?: number;
  /**
   * Strength of attention. Only with `extFactor: 0`; otherwise llama.cpp computes it from `scale`.
   * Range 0.01 to 100.
   */
  readonly attnFactor?: number;
  /** Frequencies that turn more often within `origContext` are not scaled. Range 0.01 to 10000. */
  readonly betaFast?: number;
  /** Those that turn less often are scaled wholly; below `betaFast`. Range 0.01 to 10000. */
  readonly betaSlow?: number;
  /** Tokens of context that the model was trained with, before any stretching. Range 1 to 2³¹-1. */
  readonly origContext?: number;
}

/**
 * Rotary positions (RoPE), to read longer contexts than the model was trained with; pass a
 * `contextSize` as well. What is left out is as in the file.
 */
export interface RopeOptions {
  /** Base of the frequencies; Code Llama has 1,000,000. Range 2 to 10¹². */
  readonly base?: number;
  /** Scale of the frequencies: 0.25 makes room for four times the context. Range 0.0001 to 1. */
  readonly scale?: number;
  /** What scales them. Default: `"yarn"` where `yarn` is given, else as in the file. */
  readonly type?: "none" | "linear" | "yarn";
  readonly yarn?: YarnOptions;
}

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
 * Checks the options and puts them as the addon takes them.
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export function ropeOptions(
  given: RopeOptions | undefined,
  where: string,
): RopeOptions | undefined {
  if (given === undefined) return undefined;
  const place = `${where}: rope`;
  const options = checkOptions(given, rules, place);
  const { yarn, type = "yarn", scale } = options;
  if (type === "none" && scale !== undefined) {
    throw invalidArgument(`${place}: scale must be left out with type "none", not ${show(scale)}`);
  }
  // Ordinary objects, as those that a prefix file's JSON gives.
  if (yarn === undefined) return { ...options };
  if (type !== "yarn") {
    throw invalidArgument(`${place}: yarn must be left out with type ${show(type)}`);
  }
  const { extFactor, attnFactor, betaFast, betaSlow } = yarn;
  if (attnFactor !== undefined && extFactor !== 0) {
    throw invalidArgument(`${place}: yarn: attnFactor needs extFactor: 0, not ${show(extFactor)}`);
  }
  if (betaFast !== undefined && betaSlow !== undefined && betaSlow >= betaFast) {
    throw invalidArgument(
      `${place}: yarn: betaSlow must be below betaFast, which is ${betaFast}, not ${betaSlow}`,
    );
  }
  return { ...options, type, yarn: { ...yarn } };
}
