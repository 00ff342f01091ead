import type { Capabilities } from "../capabilities.ts";
import type { ModelInfo } from "../engine-info.ts";
import { invalidArgument } from "../options/check.ts";
import { type ChatMessage, type Dialog, readDialog } from "./dialog.ts";
import { instructPrompt } from "./instruct.ts";
import { instruct70bPrompt } from "./instruct-70b.ts";
import type { PromptPart } from "./parts.ts";

/** Tags that Meta's reference refuses in a message (`SPECIAL_TAGS` in llama/generation.py). */
const specialTags = ["[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "<step>"];

/**
 * A dialog as the model was taught it.
 * @throws CodeLlamaError `INVALID_ARGUMENT`, naming the message
 */
export function chatPrompt(
  messages: readonly ChatMessage[],
  model: ModelInfo,
  capabilities: Capabilities,
  { specialText = "escape" }: { readonly specialText?: "escape" | "reject" },
  where: string,
): PromptPart[] {
  const dialog = readDialog(messages, where);
  if (specialText === "reject") rejectTags(messages, where);
  return dialogPrompt(dialog, model, capabilities);
}

function dialogPrompt(dialog: Dialog, model: ModelInfo, capabilities: Capabilities): PromptPart[] {
  const { specialTokens } = model;
  return capabilities.chatFormat === "codellama-70b" && specialTokens.step !== undefined
    ? instruct70bPrompt(dialog, specialTokens.step, specialTokens)
    : instructPrompt(dialog, specialTokens);
}

function rejectTags(messages: readonly ChatMessage[], where: string): void {
  for (const [index, { content }] of messages.entries()) {
    const tag = specialTags.find((each) => content.includes(each));
    if (tag === undefined) continue;
    throw invalidArgument(
      `${where}: messages[${index}] contains ${tag}, which specialText: "reject" refuses`,
    );
  }
}
