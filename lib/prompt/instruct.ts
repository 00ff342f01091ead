import { CodeLlamaError } from "../errors.ts";
import type { Dialog } from "./dialog.ts";
import { strip } from "./strip.ts";
import type { PromptTokenizer } from "./tokenizer.ts";

/**
 * Llama-2's dialog format, of Code Llama's instruct models but the 70B, token for token as Meta's
 * reference builds it (`chat_completion` in llama/generation.py): each turn is a segment of its own
 * between the beginning and the end of a sequence, and the last one is open.
 */
export function instructPrompt(dialog: Dialog, tokenizer: PromptTokenizer): Int32Array {
  const { bos, eos } = tokenizer.specialTokens;
  if (bos === undefined || eos === undefined) {
    throw new CodeLlamaError("CAPABILITY_MISSING", "this model has no tokens that bound a turn");
  }
  let system = dialog.system === undefined ? "" : `<<SYS>>\n${dialog.system}\n<</SYS>>\n\n`;
  const ask = (user: string) => {
    const content = strip(system + user);
    system = "";
    return `[INST] ${content} [/INST]`;
  };
  const tokens: number[] = [];
  for (const { user, assistant } of dialog.turns) {
    tokens.push(bos, ...tokenizer.encode(`${ask(user)} ${strip(assistant)} `), eos);
  }
  tokens.push(bos, ...tokenizer.encode(ask(dialog.question)));
  return Int32Array.from(tokens);
}
