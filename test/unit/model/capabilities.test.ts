import { describe, expect, test } from "vitest";
import { capabilitiesOf, type ModelTraits } from "../../../lib/model/capabilities.ts";

const infillTokens = { prefix: 32007, suffix: 32008, middle: 32009 };
const plain: ModelTraits = {
  architecture: "llama",
  name: "",
  finetune: "",
  layers: 32,
  chatTemplate: "",
  specialTokens: { bos: 1, eos: 2 },
};

// Code Llama's table, with the names that files carry in their metadata.
describe("Code Llama", () => {
  test.each([
    ["CodeLlama-7b-hf", 32, true, "base"],
    ["codellama_codellama-7b-instruct-hf", 32, true, "instruct"],
    ["codellama_codellama-7b-python-hf", 32, false, "python"],
    ["CodeLlama 13B", 40, true, "base"],
    ["CodeLlama 13B Instruct", 40, true, "instruct"],
    ["CodeLlama-34b-hf", 48, false, "base"],
    ["CodeLlama-34b-Instruct-hf", 48, false, "instruct"],
    ["CodeLlama-34b-Python-hf", 48, false, "python"],
    ["CodeLlama-70b-hf", 80, true, "base"],
    ["CodeLlama-70b-Python-hf", 80, false, "python"],
  ] as const)("%s", (name, layers, infill, codeLlama) => {
    // A model that was not trained on infill cannot infill, even if its vocabulary has the tokens.
    const model = { ...plain, name, layers, specialTokens: infillTokens };
    expect(capabilitiesOf(model, "model.gguf")).toEqual({
      completion: true,
      infill,
      chat: codeLlama === "instruct",
      python: codeLlama === "python",
      codeLlama,
      chatFormat: "llama-2",
    });
  });

  test("cannot infill without the infill tokens", () => {
    const model = { ...plain, name: "CodeLlama-7b-hf" };
    expect(capabilitiesOf(model, "model.gguf").infill).toBe(false);
  });

  test("70B-instruct, recognised by its <step> token, has its own chat format", () => {
    const model = {
      ...plain,
      name: "CodeLlama-70b-Instruct-hf",
      layers: 80,
      specialTokens: { ...infillTokens, step: 32015 },
    };
    expect(capabilitiesOf(model, "model.gguf")).toMatchObject({
      chat: true,
      infill: true,
      chatFormat: "codellama-70b",
    });
  });

  test("is recognised by the file name if the metadata does not name it", () => {
    const model = { ...plain, name: "LLaMA v2" };
    expect(capabilitiesOf(model, "codellama-7b-instruct.Q4_K_M.gguf").codeLlama).toBe("instruct");
    expect(capabilitiesOf(model, "llama-2-7b.gguf").codeLlama).toBeUndefined();
  });

  test("is recognised as an instruct model by general.finetune", () => {
    const model = { ...plain, name: "CodeLlama", finetune: "Instruct" };
    expect(capabilitiesOf(model, "model.gguf").chat).toBe(true);
  });

  test("a base model cannot chat, even if its file has an instruct template", () => {
    const model = { ...plain, name: "CodeLlama-7b-hf", chatTemplate: "[INST] {{ x }} [/INST]" };
    expect(capabilitiesOf(model, "model.gguf").chat).toBe(false);
  });
});

describe("other models", () => {
  const qwen = { ...plain, architecture: "qwen2", name: "Qwen2.5 Coder 7B Instruct" };

  test("chat if their file has a chat template", () => {
    expect(capabilitiesOf(qwen, "model.gguf").chat).toBe(false);
    expect(capabilitiesOf({ ...qwen, chatTemplate: "{{ x }}" }, "model.gguf")).toMatchObject({
      chat: true,
      chatFormat: "template",
      codeLlama: undefined,
    });
  });

  test("infill if their vocabulary has the infill tokens", () => {
    expect(capabilitiesOf(qwen, "model.gguf").infill).toBe(false);
    const model = { ...qwen, specialTokens: infillTokens };
    expect(capabilitiesOf(model, "model.gguf").infill).toBe(true);
  });
});
