import { abortSignal, type Rules } from "./check.ts";
import { type GenerateOptions, loraScales, priority } from "./generate.ts";

/** How to compute a prefix that is saved. */
export type PrefixOptions = Pick<GenerateOptions, "loras" | "priority" | "signal">;

export const prefixRules: Rules = { loras: loraScales, priority, signal: abortSignal };
