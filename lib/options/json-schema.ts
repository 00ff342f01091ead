import { invalidArgument, readArgument } from "../base/arguments.ts";
import { closeObjects } from "../schema/closed-objects.ts";
import {
  adviceFor,
  inputJsonSchema,
  isStandardSchema,
  type StandardSchema,
} from "../schema/standard-schema.ts";
import type { Rule } from "./check.ts";
import { copyJson, type JsonLimits, jsonObject } from "./json.ts";

/** The rule for a JSON schema within limits, or a Standard Schema that offers one. Copies it. */
export function jsonSchemaRule(limits: JsonLimits): Rule<object> {
  const plain = jsonObject(limits);
  return {
    allowed: "an object: a JSON schema, or a schema of zod, Valibot or ArkType",
    copy: (value, name) =>
      isStandardSchema(value) ? copyStandardSchema(value, name, limits) : plain.copy?.(value, name),
    accepts: plain.accepts,
  };
}

/** The JSON schema of an option that the rule has copied. */
export function jsonOf(schema: object): object {
  return isStandardSchema(schema) ? (inputJsonSchema(schema) ?? {}) : schema;
}

/** Copies made here. Options are checked again when an adapter passes them on. */
const copies = new WeakSet<object>();

function copyStandardSchema(
  schema: StandardSchema,
  name: string,
  limits: JsonLimits,
): StandardSchema {
  if (copies.has(schema)) return schema;
  const json = readArgument(name, () => inputJsonSchema(schema));
  if (json === undefined) {
    throw invalidArgument(
      `${name}: this schema does not offer its JSON schema; ${adviceFor(schema)}`,
    );
  }
  const copied = closeObjects(copyJson(json, name, limits) as object);
  const standard = schema["~standard"];
  const { vendor, validate } = standard;
  const copy: StandardSchema = {
    "~standard": {
      version: 1,
      vendor,
      ...(validate === undefined ? {} : { validate: validate.bind(standard) }),
      jsonSchema: { input: () => copied },
    },
  };
  copies.add(copy);
  return copy;
}
