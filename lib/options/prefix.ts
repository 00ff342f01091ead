import { type ComputeOptions, computeTable } from "./shared.ts";
import { rulesOf } from "./table.ts";

/** How to compute a prefix that is saved. */
export type PrefixOptions = ComputeOptions;

export const prefixRules = rulesOf(computeTable);
