import { expectTypeOf, test } from "vitest";
import type { NativeLoadOptions, NativeRequest } from "../../lib/native/binding.ts";
import { integer, number, text } from "../../lib/options/check.ts";
import type { GenerateOptions } from "../../lib/options/generate.ts";
import { generateTable } from "../../lib/options/generate.ts";
import type { loadTable } from "../../lib/options/load.ts";
import type { NativeTable, OptionTable } from "../../lib/options/table.ts";

interface TrialOptions extends GenerateOptions {
  readonly trial?: number;
}

const trial = { rule: number(0, 1), native: "none", doc: "try something" } as const;

test("an option without an entry in its table does not compile", () => {
  // @ts-expect-error
  generateTable satisfies NativeTable<TrialOptions, NativeRequest>;
  ({ ...generateTable, trial }) satisfies NativeTable<TrialOptions, NativeRequest>;
});

test("an entry without an option does not compile", () => {
  // @ts-expect-error
  ({ width: { rule: integer(0, 1), doc: "set it" }, height: trial }) satisfies OptionTable<{
    width: number;
  }>;
});

test("an entry whose rule is of another type does not compile", () => {
  // @ts-expect-error
  ({ width: { rule: text, doc: "set it" } }) satisfies OptionTable<{ width: number }>;
});

test("an option that the addon does not have cannot be passed as it is", () => {
  type Table<Options> = NativeTable<Options, NativeRequest>;
  ({ minP: { ...trial, native: "same" } }) satisfies Table<{ minP: number }>;
  // @ts-expect-error
  ({ trial: { ...trial, native: "same" } }) satisfies Table<{ trial: number }>;
  // @ts-expect-error
  ({ minP: { rule: text, doc: "set it", native: "same" } }) satisfies Table<{ minP: string }>;
  // @ts-expect-error
  ({ minP: { rule: number(0, 1), doc: "set it" } }) satisfies Table<{ minP: number }>;
});

/** The native properties that the entries of a table set. */
type NativeNames<Table> = {
  [Name in keyof Table]: Table[Name] extends { readonly native: infer Native }
    ? Native extends "same"
      ? Name
      : Native extends (...parameters: never) => infer Properties
        ? keyof Properties
        : never
    : never;
}[keyof Table];

test("every native property of a request comes from an option or from the engine", () => {
  type SetByTheEngine =
    | "id"
    | "prompt"
    | "group"
    | "embedding"
    | "promptState"
    | "grammar"
    | "stopPatterns"
    | "dedentBelow"
    | "beamSearch";
  expectTypeOf<NativeNames<typeof generateTable>>().toEqualTypeOf<
    Exclude<keyof NativeRequest, SetByTheEngine>
  >();
});

test("every native property of a load comes from an option", () => {
  expectTypeOf<NativeNames<typeof loadTable>>().toEqualTypeOf<
    Exclude<keyof NativeLoadOptions, "modelPath">
  >();
});
