import { z } from "zod";
import type { Rule } from "../../options/check.ts";
import type { AnyEntry, AnyTable } from "../../options/table.ts";

/** The values of a table's fields, by the names of the HTTP API. */
export type FieldValues<Table> = {
  [Name in keyof Table as Table[Name] extends { readonly field: infer Field extends string }
    ? Field
    : never]: Table[Name] extends { readonly rule: Rule<infer Value> } ? Value : never;
};

/** The schemas of a table's fields. Every field may be null, which counts as absent. */
export type FieldSchemas<Values> = {
  [Name in keyof Values]: z.ZodOptional<z.ZodNullable<z.ZodType<Values[Name]>>>;
};

/**
 * The schemas of the fields that the options of a table have.
 * @param special - schemas of fields that take other values than their option
 */
export function tableFields<
  Values,
  Special extends Readonly<Record<string, z.ZodType>> = Record<never, never>,
>(
  table: AnyTable,
  special?: Special,
): FieldSchemas<Omit<Values, keyof Special>> & {
  [Name in keyof Special]: z.ZodOptional<z.ZodNullable<Special[Name]>>;
} {
  const fields = fieldEntries(table).map(([field, { rule, doc }]) => [
    field,
    (special?.[field] ?? schemaOf(field, rule)).nullish().describe(doc),
  ]);
  return Object.fromEntries(fields);
}

function schemaOf(field: string, rule: Rule | undefined): z.ZodType {
  if (rule?.schema === undefined) throw new TypeError(`the field ${field} needs a schema`);
  return z.fromJSONSchema(rule.schema as z.core.JSONSchema.JSONSchema);
}

/** The entries with a field, also those of options inside options. */
export function fieldEntries(table: AnyTable): readonly (readonly [string, AnyEntry])[] {
  return Object.values(table).flatMap((entry) =>
    entry.options === undefined
      ? entry.field === undefined
        ? []
        : [[entry.field, entry] as const]
      : fieldEntries(entry.options as AnyTable),
  );
}

/** The options that the fields of a body give. Null and absent fields give none. */
export function optionsOf(
  body: Readonly<Record<string, unknown>>,
  table: AnyTable,
): Readonly<Record<string, unknown>> {
  const options: Record<string, unknown> = {};
  for (const [name, { field, options: inner }] of Object.entries(table)) {
    const value = inner === undefined ? field && body[field] : groupOf(body, inner as AnyTable);
    if (value !== null && value !== undefined) options[name] = value;
  }
  return options;
}

/** An object option; undefined when its required field is absent or turns it off. */
function groupOf(body: Readonly<Record<string, unknown>>, table: AnyTable): object | undefined {
  const options = optionsOf(body, table);
  const isComplete = Object.entries(table).every(
    ([name, { rule }]) => rule?.isRequired !== true || rule.accepts(options[name]),
  );
  return isComplete ? options : undefined;
}
