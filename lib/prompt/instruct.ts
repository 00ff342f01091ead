import { CodeLlamaError } from "../errors.ts";
import type { PromptPart } from "../native/binding.ts";
import type { SpecialTokens } from "../native/model-info.ts";
import { type Dialog, messagesAtOnce } from "./dialog.ts";
import type { Steps } from "./steps.ts";
import { strip } from "./strip.ts";

/**
 * Lays out a dialog in Llama-2's chat format like Meta's reference (`chat_completion` in
 * llama/generation.py). All Code Llama instruct models except the 70B use it. Each finished turn is
 * a segment between BOS and EOS; the last turn stays open.
 */
export function* instructPrompt(dialog: Dialog, specialTokens: SpecialTokens): Steps<PromptPart[]> {
  const { bos, eos } = specialTokens;
  if (bos === undefined || eos === undefined) {
    throw new CodeLlamaError("CAPABILITY_MISSING", "this model has no BOS or no EOS token");
  }
  let system = dialog.system === undefined ? "" : `<<SYS>>\n${dialog.system}\n<</SYS>>\n\n`;
  const ask = (user: string) => {
    const content = strip(system + user);
    system = "";
    return `[INST] ${content} [/INST]`;
  };
  const parts: PromptPart[] = [];
  for (const [index, { user, assistant }] of dialog.turns.entries()) {
    parts.push(bos, { text: `${ask(user)} ${strip(assistant)} ` }, eos);
    if (index % messagesAtOnce === messagesAtOnce - 1) yield;
  }
  parts.push(bos, { text: ask(dialog.question) });
  return parts;
}
