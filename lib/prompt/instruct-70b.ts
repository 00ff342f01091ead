import { CodeLlamaError } from "../errors.ts";
import type { PromptPart } from "../native/binding.ts";
import type { SpecialTokens } from "../native/model-info.ts";
import { type Dialog, messagesAtOnce } from "./dialog.ts";
import type { Steps } from "./steps.ts";
import { strip } from "./strip.ts";

/**
 * Lays out a dialog in the format of CodeLlama-70B-instruct like Meta's reference (`encode_dialog`
 * in llama/generation.py). Each part is encoded by itself and gets its own leading space.
 * @param step - the id of `<step>`, which ends every message
 */
export function* instruct70bPrompt(
  dialog: Dialog,
  step: number,
  specialTokens: SpecialTokens,
): Steps<PromptPart[]> {
  const { bos } = specialTokens;
  if (bos === undefined) {
    throw new CodeLlamaError("CAPABILITY_MISSING", "this model has no BOS token");
  }
  const parts: PromptPart[] = [bos];
  const say = (source: string, content: string) => {
    parts.push({ text: ` Source: ${source}` });
    const text = strip(content);
    if (text !== "") parts.push({ text: `\n\n ${text}` });
    parts.push(step);
  };
  say("system", dialog.system ?? "");
  for (const [index, { user, assistant }] of dialog.turns.entries()) {
    say("user", user);
    say("assistant", assistant);
    if (index % messagesAtOnce === messagesAtOnce - 1) yield;
  }
  say("user", dialog.question);
  parts.push({ text: " Source: assistant\nDestination: user" }, { text: "\n\n " });
  return parts;
}
