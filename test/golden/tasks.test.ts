import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { type ChatMessage, readDialog } from "../../lib/prompt/dialog.ts";
import { infillPrompt } from "../../lib/prompt/infill.ts";
import { instructPrompt } from "../../lib/prompt/instruct.ts";
import type { PromptTokenizer } from "../../lib/prompt/tokenizer.ts";
import { useTinyModel } from "../helpers/tiny-model.ts";

interface Tasks {
  readonly completion: readonly { readonly prompt: string; readonly text: string }[];
  readonly infill: readonly {
    readonly order: "prefix-suffix-middle" | "suffix-prefix-middle";
    readonly prefix: string;
    readonly suffix: string;
    readonly middle: string;
  }[];
  readonly chat: readonly { readonly messages: ChatMessage[]; readonly reply: string }[];
}

// What the embedded model knows by heart.
const packageFile = createRequire(import.meta.url).resolve("codellama-tiny/package.json");
const tasks: Tasks = JSON.parse(readFileSync(join(dirname(packageFile), "tasks.json"), "utf8"));

const model = useTinyModel();
const tokenizer: PromptTokenizer = {
  encode: (text) => model.llama.tokenize(text),
  get specialTokens() {
    return model.llama.model.specialTokens;
  },
};

async function answer(prompt: string | Int32Array): Promise<{ text: string; ended: string }> {
  const result = await model.llama.generate(prompt, { temperature: 0, maxTokens: 400 });
  return { text: result.text, ended: result.finishReason };
}

describe("the model completes", () => {
  test.each(tasks.completion)("$prompt", async ({ prompt, text }) => {
    expect(await answer(prompt)).toEqual({ text, ended: "stop" });
  });
});

describe("the model fills", () => {
  test.each(tasks.infill)("$prefix", async ({ order, prefix, suffix, middle }) => {
    const prefixFirst = order === "prefix-suffix-middle";
    const prompt = infillPrompt(prefix, suffix, prefixFirst ? "psm" : "spm", tokenizer);
    expect(await answer(prompt)).toEqual({ text: middle, ended: "stop" });
  });
});

describe("the model answers", () => {
  test.each(tasks.chat)("$messages", async ({ messages, reply }) => {
    const { text, ended } = await answer(instructPrompt(readDialog(messages, "chat()"), tokenizer));
    expect({ text: text.trim(), ended }).toEqual({ text: reply, ended: "stop" });
  });
});
