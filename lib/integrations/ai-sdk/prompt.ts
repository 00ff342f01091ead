import {
  type LanguageModelV3Prompt,
  type LanguageModelV3ToolResultPart,
  UnsupportedFunctionalityError,
} from "@ai-sdk/provider";
import { readArgument } from "../../base/arguments.ts";
import { checkList } from "../../options/check.ts";
import { copyJson, dataLimits } from "../../options/json.ts";
import type { ToolDialogMessage } from "../../tools/tool-dialog.ts";

type Message = LanguageModelV3Prompt[number];
type Part = Exclude<Message["content"], string>[number];

/**
 * Converts the AI SDK's prompt to a dialog with tool calls and results in OpenAI's format.
 * @throws UnsupportedFunctionalityError for files; CodeLlamaError `INVALID_ARGUMENT` for a malformed
 *   prompt
 */
export function dialogOf(prompt: LanguageModelV3Prompt): readonly ToolDialogMessage[] {
  const dialog = readArgument("prompt", () => {
    try {
      return readDialog(prompt);
    } catch (error) {
      if (UnsupportedFunctionalityError.isInstance(error)) return error;
      throw error;
    }
  });
  if (UnsupportedFunctionalityError.isInstance(dialog)) throw dialog;
  return dialog;
}

function readDialog(prompt: LanguageModelV3Prompt): readonly ToolDialogMessage[] {
  return checkList(prompt, "prompt").flatMap(({ role, content }, index) => {
    if (typeof content === "string") return [{ role, content }];
    const parts: readonly Part[] = checkList<Part>(content, `prompt[${index}].content`);
    const text = parts.map(textOf).join("");
    const calls = parts.flatMap(callOf);
    const results = parts.flatMap(resultOf);
    if (role === "tool") return results;
    return [{ role, content: text, ...(calls.length > 0 && { tool_calls: calls }) }, ...results];
  });
}

function textOf(part: Part): string {
  if (part.type === "file") throw unsupportedFile();
  return part.type === "text" ? part.text : "";
}

function callOf(part: Part) {
  if (part.type !== "tool-call") return [];
  const called = {
    name: part.toolName,
    arguments: jsonOf(part.input, "prompt: a tool call's input"),
  };
  return [{ id: part.toolCallId, type: "function", function: called }];
}

function resultOf(part: Part): ToolDialogMessage[] {
  if (part.type !== "tool-result") return [];
  const { toolCallId, toolName: name, output } = part;
  return [{ role: "tool", tool_call_id: toolCallId, name, content: outputText(output) }];
}

function outputText(output: LanguageModelV3ToolResultPart["output"]): string {
  switch (output.type) {
    case "text":
    case "error-text":
      return output.value;
    case "json":
    case "error-json":
      return jsonOf(output.value, "prompt: a tool's output");
    case "execution-denied":
      return output.reason ?? "The user did not allow it.";
    case "content":
      return output.value
        .map((part) => {
          if (part.type !== "text") throw unsupportedFile();
          return part.text;
        })
        .join("");
  }
}

function jsonOf(value: unknown, name: string): string {
  return JSON.stringify(copyJson(value, name, dataLimits));
}

function unsupportedFile(): UnsupportedFunctionalityError {
  return new UnsupportedFunctionalityError({ functionality: "files in prompts" });
}
