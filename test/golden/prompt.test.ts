import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { ChatMessage } from "../../lib/options/messages.ts";
import { readDialog } from "../../lib/prompt/dialog.ts";
import { instruct70bPrompt } from "../../lib/prompt/instruct-70b.ts";
import { finish } from "../../lib/prompt/steps.ts";
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

// Composed from tokens of the SentencePiece library by the rules of Meta's reference.
const golden: Golden = JSON.parse(readFileSync(new URL("codellama.json", import.meta.url), "utf8"));
const step = 32015;

const model = useTinyModel({ vocabularyOnly: true });

describe("encodes text after other text without the leading space", () => {
  test.each(golden.encode)("$text", ({ text, tokensInfilling }) => {
    const { llama } = model;
    const prompt = [...llama.encodeInfill({ prefix: "", suffix: text, order: "psm" })];
    expect(prompt.slice(3, -1)).toEqual(tokensInfilling);
  });
});

describe("infill prompts agree with Meta's reference", () => {
  test.each(golden.infill)("$prefix | $suffix", ({ prefix, suffix, psm, spm }) => {
    const { llama } = model;
    expect([...llama.encodeInfill({ prefix, suffix, order: "psm" })]).toEqual(psm);
    expect([...llama.encodeInfill({ prefix, suffix, order: "spm" })]).toEqual(spm);
  });
});

describe("chat prompts agree with Meta's reference", () => {
  test.each(golden.chat)("$messages", ({ messages, tokens, tokens70b }) => {
    const { llama } = model;
    expect([...llama.encodeChat(messages)]).toEqual(tokens);
    // At the id of the 70B's <step>, the embedded vocabulary has another token.
    const dialog = finish(readDialog(messages, "chat()"));
    const parts = finish(instruct70bPrompt(dialog, step, llama.model.specialTokens));
    const encoded = parts.flatMap((part) =>
      typeof part === "number" ? [part] : [...llama.tokenize(part.text)],
    );
    expect(encoded).toEqual(tokens70b);
  });
});
