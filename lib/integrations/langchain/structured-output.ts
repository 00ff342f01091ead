import { AIMessage, AIMessageChunk, type BaseMessage } from "@langchain/core/messages";
import { OutputParserException } from "@langchain/core/output_parsers";
import { toJsonSchema } from "@langchain/core/utils/json_schema";
import { getSchemaDescription } from "@langchain/core/utils/types";
import { invalidArgument, readArgument, show } from "../../base/arguments.ts";
import { checkValue, text } from "../../options/check.ts";
import { dataLimits, jsonObject } from "../../options/json.ts";
import type { Tool } from "../../tools/plan.ts";

/** How a structure is asked for. */
export type StructureMethod = "functionCalling" | "jsonSchema";

/**
 * A call whose arguments the schema describes tells the model of the schema; a JSON schema alone
 * makes the answer follow it. Any JSON, `"jsonMode"`, would do less than was asked for.
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export function structureMethod(method: string | undefined): StructureMethod {
  if (method === undefined || method === "functionCalling") return "functionCalling";
  if (method === "jsonSchema" || method === "jsonMode") return "jsonSchema";
  throw invalidArgument(
    `method must be "functionCalling", "jsonSchema" or "jsonMode", not ${show(method)}`,
  );
}

/**
 * A schema as a function that takes it: of zod, a JSON schema, or a function in OpenAI's form.
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export function structureTool(schema: object, name: string | undefined): Tool {
  const json = readArgument("schema", () =>
    checkValue(
      toJsonSchema(schema as Parameters<typeof toJsonSchema>[0]),
      jsonObject(dataLimits),
      "schema",
    ),
  ) as object;
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

/**
 * Passes on an answer that is a complete call. A call that a limit cut short is refused.
 * @throws OutputParserException
 */
export function requireCall(message: BaseMessage): AIMessage {
  if (AIMessage.isInstance(message) && message.tool_calls?.length && !isCut(message))
    return message;
  const { finishReason } = message.response_metadata as { finishReason?: string };
  throw new OutputParserException(
    `the answer is not the JSON that was asked for; it ended for the reason ${finishReason}`,
    message.text,
  );
}

/** LangChain reads half of a streamed call as if it were all. */
function isCut(message: BaseMessage): boolean {
  if (!AIMessageChunk.isInstance(message)) return false;
  try {
    for (const { args } of message.tool_call_chunks ?? []) JSON.parse(args ?? "");
    return false;
  } catch {
    return true;
  }
}
