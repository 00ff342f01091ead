import type { BindToolsInput } from "@langchain/core/language_models/chat_models";
import { convertToOpenAITool } from "@langchain/core/utils/function_calling";
import { z } from "zod";
import { invalidArgument, readArgument, show } from "../../base/arguments.ts";
import { checkList } from "../../options/check.ts";
import { copyJson, dataLimits } from "../../options/json.ts";
import type { Tool, ToolChoice } from "../../tools/plan.ts";

const openAiTool = z.object({
  type: z.literal("function"),
  function: z.object({
    name: z.string().min(1),
    description: z.string().nullish(),
    parameters: z.record(z.string(), z.unknown()).nullish(),
  }),
});

/**
 * Converts LangChain's tools to OpenAI's format. Also accepts tools in OpenAI's format.
 * @throws CodeLlamaError `INVALID_ARGUMENT` for any other value
 */
export function toolsOf(tools: readonly BindToolsInput[]): Tool[] {
  return checkList(tools, "tools").map((tool, index) => {
    const place = `tools[${index}]`;
    const read = readArgument(place, () => {
      const isObject = typeof tool === "object" && tool !== null;
      const json = isObject ? copyJson(convertToOpenAITool(tool), place, dataLimits) : tool;
      return openAiTool.safeParse(json);
    });
    if (read.success) return read.data;
    throw invalidArgument(
      `${place} must be a LangChain tool or { type: "function", function: { name, … } }`,
    );
  });
}

/**
 * Reads `tool_choice`: a keyword of LangChain or OpenAI, a tool's name, or OpenAI's object.
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export function toolChoiceOf(choice: unknown): ToolChoice {
  if (choice === undefined) return "auto";
  if (choice === "auto" || choice === "none" || choice === "required") return choice;
  if (choice === "any") return "required";
  if (typeof choice === "string") return named(choice);
  const read = readArgument("tool_choice", () => openAiTool.safeParse(choice));
  if (read.success) return named(read.data.function.name);
  throw invalidArgument(
    'tool_choice must be "auto", "none", "any", "required", a tool\'s name or ' +
      `{ type: "function", function: { name } } (got ${show(choice)})`,
  );
}

function named(name: string): ToolChoice {
  return { type: "function", function: { name } };
}
