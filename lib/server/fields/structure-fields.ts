import { z } from "zod";
import { type StructureOptions, structureTable } from "../../options/structure.ts";
import { type FieldValues, tableFields } from "./table-fields.ts";

const schema = z.record(z.string(), z.unknown());

const responseFormat = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text") }),
  z.object({ type: z.literal("json_object"), schema: schema.nullish() }),
  z.object({
    type: z.literal("json_schema"),
    json_schema: z.object({ schema: schema.nullish(), strict: z.boolean().nullish() }),
  }),
]);

const jsonTable = { compact: structureTable.compact, lenient: structureTable.lenient };

/** Fields for the structure of an answer, with the names of OpenAI's, llama.cpp's and SGLang's APIs. */
export const structureFields = {
  grammar: z.string().nullish(),
  json_schema: schema.nullish(),
  regex: z
    .string()
    .max(2 ** 16)
    .nullish(),
  response_format: responseFormat.nullish(),
  ...tableFields<FieldValues<typeof jsonTable>>(jsonTable),
};

type StructureBody = z.output<z.ZodObject<typeof structureFields>>;

/** The structures that a request asks for, each with its field. */
function askedFor(body: StructureBody): readonly (readonly [string, StructureOptions])[] {
  const { grammar, json_schema: ownSchema, regex, response_format: format } = body;
  return [
    ...(grammar ? [["grammar", { grammar }] as const] : []),
    ...(ownSchema ? [["json_schema", { jsonSchema: ownSchema }] as const] : []),
    ...(regex ? [["regex", { regex }] as const] : []),
    ...(format && format.type !== "text" ? [["response_format", ofFormat(format)] as const] : []),
  ];
}

function ofFormat(
  format: Exclude<NonNullable<StructureBody["response_format"]>, { type: "text" }>,
): StructureOptions {
  if (format.type === "json_object") return { jsonSchema: format.schema ?? { type: "object" } };
  return { jsonSchema: format.json_schema.schema ?? {} };
}

/** Name of the field that asks for a structure. Undefined if none does. */
export function askedStructure(body: StructureBody): string | undefined {
  return askedFor(body)[0]?.[0];
}

/** Rejects a request for two structures. */
export function checkOneStructure(body: StructureBody, context: z.core.$RefinementCtx): void {
  const [first, second] = askedFor(body);
  if (first === undefined || second === undefined) return;
  context.addIssue({ code: "custom", path: [second[0]], message: `excludes ${first[0]}` });
}

/** The structure that a request asks for. */
export function structureOptions(body: StructureBody): StructureOptions {
  return withJsonOptions(askedFor(body)[0]?.[1] ?? {}, body);
}

/** Options with a JSON schema, as densely and strictly as the request asks for. */
export function withJsonOptions(options: StructureOptions, body: StructureBody): StructureOptions {
  const { compact_json: compact, lenient_schema: lenient, response_format: format } = body;
  const isLoose = format?.type === "json_schema" && format.json_schema.strict === false;
  return {
    ...options,
    ...(compact === true && { compact }),
    ...((lenient === true || (lenient == null && isLoose)) && { lenient: true }),
  };
}
