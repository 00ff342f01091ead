import { describe, expect, test } from "vitest";
import { capabilitiesOf, requireCapability } from "../../../lib/model/capabilities.ts";
import type { ModelTraits } from "../../../lib/model/code-llama.ts";

const infillTokens = { prefix: 32007, suffix: 32008, middle: 32009 };
const plain: ModelTraits = {
  architecture: "llama",
  name: "",
  finetune: "",
  layers: 32,
  chatTemplate: "",
  specialTokens: { bos: 1, eos: 2 },
  vocabularySize: 32016,
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
    expect(capabilitiesOf(model, "model.gguf")).toMatchObject({
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

describe("a renamed file of Code Llama", () => {
  const template = "{{ bos_token }}[INST] {{ x }} [/INST]";

  test.each([
    ["its metadata", { name: "codellama_codellama-7b-instruct-hf" }, "instruct"],
    ["general.finetune", { name: "Model", finetune: "Instruct" }, "instruct"],
    ["its chat template", { name: "LLaMA v2", chatTemplate: template }, "instruct"],
    ["<step>", { layers: 80, specialTokens: { ...infillTokens, step: 32015 } }, "instruct"],
    ["nothing", { name: "LLaMA v2" }, "base"],
  ] as const)("is recognised by its vocabulary, and its variant by %s", (_, traits, variant) => {
    const model = { ...plain, specialTokens: infillTokens, ...traits };
    expect(capabilitiesOf(model, "renamed.gguf").codeLlama).toBe(variant);
  });

  test("keeps the variant of its metadata when its name says another", () => {
    const model = { ...plain, name: "CodeLlama-7b-Instruct-hf", specialTokens: infillTokens };
    expect(capabilitiesOf(model, "my-python-project.gguf").codeLlama).toBe("instruct");
  });

  test("is a Python model if a 7B or 13B has the vocabulary of Llama 2", () => {
    const model = { ...plain, name: "CodeLlama", vocabularySize: 32_000 };
    expect(capabilitiesOf(model, "model.gguf").codeLlama).toBe("python");
    expect(capabilitiesOf({ ...model, layers: 48 }, "model.gguf").codeLlama).toBe("base");
  });

  test("is recognised by its URI", () => {
    const model = { ...plain, name: "LLaMA v2", specialTokens: infillTokens };
    const uri = "hf:TheBloke/CodeLlama-7B-Instruct-GGUF:Q4_K_M 0123.gguf";
    expect(capabilitiesOf(model, uri).codeLlama).toBe("instruct");
  });

  test("with the template of another trainer is another model", () => {
    const chatTemplate = "<|im_start|>{{ x }}";
    const model = { ...plain, name: "tuned", specialTokens: infillTokens, chatTemplate };
    expect(capabilitiesOf(model, "model.gguf")).toMatchObject({
      codeLlama: undefined,
      chatFormat: "template",
    });
  });
});

describe("the error of a missing capability", () => {
  const messageOf = (model: ModelTraits, capability: "infill" | "chat" | "python") => {
    try {
      requireCapability(capabilitiesOf(model, "a.gguf"), capability, "the model", "test()");
    } catch (error) {
      return (error as Error).message;
    }
    return "no error";
  };

  test.each([
    ["infill", {}, "the vocabulary lacks", /its vocabulary lacks the infill tokens/],
    ["infill", { layers: 48 }, "34B", /34B was not trained to, and 48 layers are 34B/],
    ["infill", { name: "CodeLlama Python" }, "Python", /its metadata names it "CodeLlama Python"/],
    ["chat", {}, "nothing says instruct", /Code Llama base, because neither its metadata nor/],
    ["python", {}, "nothing says Python", /is not a Python specialist: Code Llama base/],
  ] as const)("%s names what decided: %j, %s", (capability, traits, _, message) => {
    const text = messageOf({ ...plain, name: "CodeLlama-7b", ...traits }, capability);
    expect(text).toMatch(message);
    expect(text).toContain(`capabilities: { ${capability}: true }`);
  });
});

describe("the option capabilities", () => {
  const base = { ...plain, name: "CodeLlama-7b-hf", specialTokens: infillTokens };

  test("corrects what the file tells", () => {
    const corrected = capabilitiesOf(base, "a.gguf", { chat: true, infill: false });
    expect(corrected).toMatchObject({ chat: true, infill: false, chatFormat: "llama-2" });
    expect(corrected.reasons.chat).toBe("the option capabilities says so");
  });

  test.each([
    [{ infill: true }, { ...base, specialTokens: {} }, "infill must be false"],
    [{ chat: true }, { ...base, architecture: "qwen2" }, "chat needs a chatFormat"],
    [{ chatFormat: "template" }, base, 'chatFormat must not be "template"'],
  ] as const)("refuses %j where the file lacks what it needs", (given, model, message) => {
    expect(() => capabilitiesOf(model, "a.gguf", given)).toThrow(message);
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
