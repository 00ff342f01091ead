import type { NativeRequest } from "../native/binding.ts";
import { checkOptions } from "./check.ts";
import { type GenerateOptions, generateTable } from "./generate.ts";
import type { Pattern } from "./regular-expression.ts";
import { type ComputeOptions, computeTable, noTokenLimit } from "./shared.ts";
import { stopPatterns } from "./stop.ts";
import { type Structure, structureOf } from "./structure.ts";
import { type AnyTable, type EngineFacts, nativeProperties, rulesOf } from "./table.ts";

/** Checked options of one call, as an engine takes them. */
export interface RequestOptions
  extends Omit<NativeRequest, "id" | "prompt" | "grammar" | "stopPatterns"> {
  readonly structure?: Structure | undefined;
  readonly patterns?: readonly Pattern[] | undefined;
  readonly seed: number;
}

/**
 * Checks the options of a call; returns the copy that all later code reads.
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export function checkCall<Options extends object>(
  options: Options,
  table: AnyTable,
  where: string,
): Options {
  return checkOptions(options, rulesOf(table), where);
}

/**
 * Options that `checkCall` returned, as an engine takes them.
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export function requestOptions(
  options: GenerateOptions,
  table: AnyTable,
  engine: EngineFacts,
  where: string,
): RequestOptions {
  return {
    maxTokens: noTokenLimit,
    seed: Math.floor(Math.random() * (2 ** 32 - 1)),
    ...ownDefaults(table),
    ...nativeProperties({ ...options }, table, where, engine),
    structure: structureOf(options, where),
    patterns: stopPatterns(options, where),
  };
}

/** Defaults of a call that differ from `generate`'s. The addon itself has the defaults of `generate`. */
function ownDefaults(table: AnyTable): object {
  const differing = Object.entries(table).filter(
    ([name, { native, default: value }]) =>
      native === "same" && value !== undefined && value !== defaultOf(name),
  );
  return Object.fromEntries(differing.map(([name, entry]) => [name, entry.default]));
}

function defaultOf(name: string): unknown {
  return (generateTable as AnyTable)[name]?.default;
}

/**
 * The options of every call that runs the model, as an engine takes them.
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export function computeProperties(
  options: ComputeOptions,
  engine: EngineFacts,
  where: string,
): Pick<NativeRequest, "loraScales" | "priority"> {
  return nativeProperties({ ...options }, computeTable, where, engine);
}
