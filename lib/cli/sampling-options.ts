import type { Command } from "commander";
import { type GenerateOptions, generateTable } from "../options/generate.ts";
import type { AnyTable } from "../options/table.ts";
import { addFlags, type FlagName, givenOptions } from "./flags.ts";

export type SamplingFlags = Pick<GenerateOptions, FlagName<typeof generateTable>>;

/**
 * Adds the flags of a command that generates.
 * @param table - option table of the call that the command makes
 */
export function addSamplingFlags(command: Command, table: AnyTable, maxTokens: number): Command {
  return addFlags(command, table, { maxTokens });
}

/** The sampling options that the flags give. */
export function samplingOptions(flags: SamplingFlags): SamplingFlags {
  return givenOptions(flags, generateTable);
}
