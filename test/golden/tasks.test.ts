import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import type { ChatMessage } from "../../lib/options/messages.ts";
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

// Texts that the embedded model has memorised.
const packageFile = createRequire(import.meta.url).resolve("codellama-tiny/package.json");
const tasks: Tasks = JSON.parse(readFileSync(join(dirname(packageFile), "tasks.json"), "utf8"));

const model = useTinyModel();
const greedy = { temperature: 0, maxTokens: 400 } as const;

describe("the model completes", () => {
  test.each(tasks.completion)("$prompt", async ({ prompt, text }) => {
    expect(await model.llama.generate(prompt, greedy)).toMatchObject({
      text,
      finishReason: "stop",
    });
  });
});

describe("the model fills the hole after", () => {
  test.each(tasks.infill)("$prefix", async ({ order, prefix, suffix, middle }) => {
    const hole = {
      prefix,
      suffix,
      order: order === "prefix-suffix-middle" ? "psm" : "spm",
    } as const;
    expect(await model.llama.infill(hole, greedy)).toMatchObject({
      text: middle,
      fullText: prefix + middle + suffix,
      finishReason: "stop",
    });
  });
});

describe("the model answers", () => {
  test.each(tasks.chat)("$messages", async ({ messages, reply }) => {
    const { text, finishReason } = await model.llama.chat(messages, greedy);
    expect({ text: text.trim(), finishReason }).toEqual({ text: reply, finishReason: "stop" });
  });
});
