import { type LanguageModelV3Prompt, UnsupportedFunctionalityError } from "@ai-sdk/provider";
import type { ChatMessage } from "../prompt/dialog.ts";

type Part = Exclude<LanguageModelV3Prompt[number]["content"], string>[number];

/**
 * The AI SDK's prompt as a dialog.
 * @throws UnsupportedFunctionalityError for files
 */
export function dialogOf(prompt: LanguageModelV3Prompt): ChatMessage[] {
  return prompt.map(({ role, content }) => {
    if (typeof content === "string") return { role, content };
    return { role, content: content.map(textOf).join("") };
  });
}

function textOf(part: Part): string {
  switch (part.type) {
    case "text":
      return part.text;
    case "reasoning":
    case "tool-approval-response":
      return "";
    case "tool-call":
      return JSON.stringify({ name: part.toolName, arguments: part.input });
    case "tool-result":
      return "value" in part.output ? JSON.stringify(part.output.value) : part.output.type;
    case "file":
      throw new UnsupportedFunctionalityError({ functionality: "files in prompts" });
  }
}
