import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type ChatMessage, readDialog } from "../../lib/prompt/dialog.ts";
import { infillPrompt } from "../../lib/prompt/infill.ts";
import { instructPrompt } from "../../lib/prompt/instruct.ts";
import { instruct70bPrompt } from "../../lib/prompt/instruct-70b.ts";
import { encodeInside, type PromptTokenizer } from "../../lib/prompt/tokenizer.ts";
import { useTinyModel } from "../helpers/tiny-model.ts";

interface Golden {
  readonly encode: readonly { readonly text: string; readonly tokensInfilling: number[] }[];
  readonly infill: readonly {
    readonly prefix: string;
    readonly suffix: string;
    readonly psm: number[];
    readonly spm: number[];
  }[];
  readonly chat: readonly {
    readonly messages: ChatMessage[];
    readonly tokens: number[];
    readonly tokens70b: number[];
  }[];
}

// Composed by the rules of Meta's reference from the SentencePiece library's tokens.
const golden: Golden = JSON.parse(readFileSync(new URL("codellama.json", import.meta.url), "utf8"));
const step = 32015;

const model = useTinyModel({ vocabularyOnly: true });
const tokenizer: PromptTokenizer = {
  encode: (text) => model.llama.tokenize(text),
  get specialTokens() {
    return model.llama.model.specialTokens;
  },
};

describe("text behind other text is encoded without the leading space", () => {
  test.each(golden.encode)("$text", ({ text, tokensInfilling }) => {
    expect([...encodeInside(tokenizer, text)]).toEqual(tokensInfilling);
  });
});

describe("infill prompts agree with Meta's reference", () => {
  test.each(golden.infill)("$prefix | $suffix", ({ prefix, suffix, psm, spm }) => {
    expect([...infillPrompt(prefix, suffix, "psm", tokenizer)]).toEqual(psm);
    expect([...infillPrompt(prefix, suffix, "spm", tokenizer)]).toEqual(spm);
  });
});

describe("chat prompts agree with Meta's reference", () => {
  test.each(golden.chat)("$messages", ({ messages, tokens, tokens70b }) => {
    const dialog = readDialog(messages, "chat()");
    expect([...instructPrompt(dialog, tokenizer)]).toEqual(tokens);
    expect([...instruct70bPrompt(dialog, step, tokenizer)]).toEqual(tokens70b);
  });
});
