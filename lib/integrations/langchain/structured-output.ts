import { AIMessage, AIMessageChunk, type BaseMessage } from "@langchain/core/messages";
import { OutputParserException } from "@langchain/core/output_parsers";
import { toJsonSchema } from "@langchain/core/utils/json_schema";
import { getSchemaDescription } from "@langchain/core/utils/types";
import { invalidArgument, readArgument, show } from "../../base/arguments.ts";
import { checkValue, text } from "../../options/check.ts";
import { dataLimits, jsonObject } from "../../options/json.ts";
import { jsonOf, jsonSchemaRule } from "../../options/json-schema.ts";
import { isStandardSchema } from "../../schema/standard-schema.ts";
import type { Tool } from "../../tools/plan.ts";

/** Method that makes the answer follow the schema. */
export type StructureMethod = "functionCalling" | "jsonSchema";

/**
 * Chooses the method. `"functionCalling"` shows the schema to the model as a tool; `"jsonSchema"` only
 * enforces it. `"jsonMode"` means any JSON in LangChain. Enforcing the schema as well is stricter.
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export function structureMethod(method: string | undefined): StructureMethod {
  if (method === undefined || method === "functionCalling") return "functionCalling";
  if (method === "jsonSchema" || method === "jsonMode") return "jsonSchema";
  throw invalidArgument(
    `method must be "functionCalling", "jsonSchema" or "jsonMode" (got ${show(method)})`,
  );
}

/**
 * Converts a schema to a tool whose arguments follow it. The schema is a zod schema, a JSON schema or a
 * function in OpenAI's format.
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export function structureTool(schema: object, name: string | undefined): Tool {
  const json = readArgument("schema", () => jsonSchemaOf(schema));
  if (name !== undefined) checkValue(name, text, "name");
  const given = json as { name?: unknown; title?: unknown; description?: unknown };
  const { parameters } = json as { parameters?: object };
  const isFunction = typeof given.name === "string" && typeof parameters === "object";
  const own = [given.name, given.title].find((each) => typeof each === "string");
  const description =
    typeof given.description === "string"
      ? given.description
      : getSchemaDescription(schema as Record<string, unknown>);
  return {
    type: "function",
    function: {
      name: name ?? (own as string | undefined) ?? "extract",
      ...(description !== undefined && { description }),
      parameters: isFunction ? parameters : json,
    },
  };
}

/** LangChain's own conversion does not end for recursive schemas of zod. */
function jsonSchemaOf(schema: object): object {
  if (isStandardSchema(schema) && schema["~standard"].jsonSchema !== undefined) {
    return jsonOf(checkValue(schema, jsonSchemaRule(dataLimits), "schema") as object);
  }
  const json = toJsonSchema(schema as Parameters<typeof toJsonSchema>[0]);
  return checkValue(json, jsonObject(dataLimits), "schema") as object;
}

/**
 * Returns the message if it is a complete tool call.
 * @throws OutputParserException
 */
export function requireCall(message: BaseMessage): AIMessage {
  if (AIMessage.isInstance(message) && message.tool_calls?.length && !isIncomplete(message))
    return message;
  const { finishReason } = message.response_metadata as { finishReason?: string };
  throw new OutputParserException(
    `the answer is not a complete tool call; its finish reason is ${finishReason}`,
    message.text,
  );
}

/** Whether a streamed call has incomplete JSON. LangChain would repair it silently. */
function isIncomplete(message: BaseMessage): boolean {
  if (!AIMessageChunk.isInstance(message)) return false;
  try {
    for (const { args } of message.tool_call_chunks ?? []) JSON.parse(args ?? "");
    return false;
  } catch {
    return true;
  }
}
