import { CodeLlamaError } from "../errors.ts";
import type { Dialog } from "./dialog.ts";
import { strip } from "./strip.ts";
import type { PromptTokenizer } from "./tokenizer.ts";

/**
 * The dialog format of CodeLlama-70B-instruct, token for token as Meta's reference builds it
 * (`encode_dialog` in llama/generation.py). Its pieces are encoded one by one, each with a leading
 * space of its own.
 * @param step - the id of `<step>`, which ends every message
 */
export function instruct70bPrompt(
  dialog: Dialog,
  step: number,
  tokenizer: PromptTokenizer,
): Int32Array {
  const { bos } = tokenizer.specialTokens;
  if (bos === undefined) {
    throw new CodeLlamaError("CAPABILITY_MISSING", "this model has no token that begins a text");
  }
  const tokens = [bos];
  const say = (source: string, content: string) => {
    tokens.push(...tokenizer.encode(` Source: ${source}`));
    const text = strip(content);
    if (text !== "") tokens.push(...tokenizer.encode(`\n\n ${text}`));
    tokens.push(step);
  };
  say("system", dialog.system ?? "");
  for (const { user, assistant } of dialog.turns) {
    say("user", user);
    say("assistant", assistant);
  }
  say("user", dialog.question);
  tokens.push(...tokenizer.encode(" Source: assistant\nDestination: user"));
  tokens.push(...tokenizer.encode("\n\n "));
  return Int32Array.from(tokens);
}
