import type { LanguageModelV3CallOptions, SharedV3Warning } from "@ai-sdk/provider";
import { readArgument } from "../../base/arguments.ts";
import {
  anyText,
  checkList,
  checkOptions,
  checkValue,
  oneOf,
  type Rules,
  text,
} from "../../options/check.ts";
import { dataLimits, jsonObject } from "../../options/json.ts";
import type { Tool, ToolChoice } from "../../tools/plan.ts";

/**
 * Converts the AI SDK's tools to OpenAI's format. Returns a warning for each unsupported tool.
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export function toolsOf(tools: NonNullable<LanguageModelV3CallOptions["tools"]>) {
  const warnings: SharedV3Warning[] = [];
  const definitions = checkList(tools, "tools").flatMap((tool, index): Tool[] => {
    const { type, name, description, inputSchema } = readTool(tool, `tools[${index}]`);
    if (type !== "provider") {
      return [{ type: "function", function: { name, description, parameters: inputSchema } }];
    }
    warnings.push({ type: "unsupported", feature: `tool ${name} of a provider` });
    return [];
  });
  return { definitions, warnings };
}

interface ReadTool {
  readonly type: string;
  readonly name: string;
  readonly description?: string | undefined;
  readonly inputSchema?: object | undefined;
}

const toolRules: Rules = {
  type: oneOf("function", "provider"),
  name: text,
  description: anyText,
  inputSchema: jsonObject(dataLimits),
};

function readTool(tool: object, place: string): ReadTool {
  return readArgument(place, () => {
    const { type, name, description, inputSchema } = tool as ReadTool;
    const read = { type, name, description, inputSchema };
    return checkOptions<ReadTool>(read, toolRules, place);
  });
}

const choices = oneOf("auto", "none", "required");

/** @throws CodeLlamaError `INVALID_ARGUMENT` */
export function toolChoiceOf(choice: LanguageModelV3CallOptions["toolChoice"]): ToolChoice {
  if (choice === undefined) return "auto";
  return readArgument("toolChoice", () => {
    const { type, toolName } = choice as { readonly type: unknown; readonly toolName?: unknown };
    return type === "tool"
      ? { type: "function", function: { name: checkValue(toolName, text, "toolChoice.toolName") } }
      : checkValue(type, choices, "toolChoice.type");
  }) as ToolChoice;
}
