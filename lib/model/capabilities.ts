import { invalidArgument } from "../base/arguments.ts";
import { CodeLlamaError } from "../errors.ts";
import type { CapabilityOptions } from "../options/capabilities.ts";
import {
  type CodeLlamaVariant,
  type Finding,
  isCodeLlama,
  type ModelTraits,
  variantOf,
} from "./code-llama.ts";

/** How a dialog becomes a prompt. With `"remote"` the remote server formats it. */
export type ChatFormat = "llama-2" | "codellama-70b" | "template" | "remote";

/** What a loaded model can do. */
export interface Capabilities {
  /** The model continues a text. True for every model. */
  readonly completion: true;
  /** The model fills in the middle: its vocabulary has the tokens, and it was trained on them. */
  readonly infill: boolean;
  /** The model answers a dialog. True for instruct models. */
  readonly chat: boolean;
  /** The model is a Python specialist. True for Code Llama's Python models. */
  readonly python: boolean;
  /** Variant of Code Llama. Undefined for other models. */
  readonly codeLlama: CodeLlamaVariant | undefined;
  /** Undefined if the model has no chat format. */
  readonly chatFormat: ChatFormat | undefined;
  /** What each capability follows from, as a sentence for people. */
  readonly reasons: Readonly<Record<Capability, string>>;
}

/** A capability that not every model has. */
export type Capability = "infill" | "chat" | "python";

// The base and instruct models of 7B, 13B and 70B can infill. The 34B models and the Python models cannot.
const layersOf34B = 48;
const layersOf70B = 80;

/**
 * Derives a model's capabilities from its metadata, its chat template and its vocabulary, and last from
 * its name.
 * @param fileName - name of the file, and its URI if it has one
 * @param given - capabilities that the user knows better
 * @throws CodeLlamaError `INVALID_ARGUMENT` if the file lacks what a given capability needs
 */
export function capabilitiesOf(
  model: ModelTraits,
  fileName: string,
  given: CapabilityOptions = {},
): Capabilities {
  const derived = isCodeLlama(model, fileName)
    ? codeLlamaCapabilities(model, fileName)
    : otherCapabilities(model);
  return corrected(derived, model, given);
}

function codeLlamaCapabilities(model: ModelTraits, fileName: string): Capabilities {
  const variant = variantOf(model, fileName);
  const is70b = model.layers === layersOf70B && model.specialTokens.step !== undefined;
  const infill = codeLlamaInfill(model, variant);
  return {
    completion: true,
    infill: infill.value,
    chat: variant.value === "instruct",
    python: variant.value === "python",
    codeLlama: variant.value,
    chatFormat: is70b ? "codellama-70b" : "llama-2",
    reasons: {
      infill: infill.reason,
      chat: `Code Llama ${variant.value}, because ${variant.reason}`,
      python: `Code Llama ${variant.value}, because ${variant.reason}`,
    },
  };
}

function codeLlamaInfill(model: ModelTraits, variant: Finding<CodeLlamaVariant>): Finding<boolean> {
  const { prefix, suffix, middle } = model.specialTokens;
  if (model.layers === layersOf34B) {
    return { value: false, reason: "Code Llama 34B was not trained to, and 48 layers are 34B" };
  }
  if (variant.value === "python") {
    const reason = `Code Llama's Python models were not trained to, and ${variant.reason}`;
    return { value: false, reason };
  }
  return infillTokens([prefix, suffix, middle]);
}

function infillTokens(tokens: readonly (number | undefined)[]): Finding<boolean> {
  return tokens.every((token) => token !== undefined)
    ? { value: true, reason: "its vocabulary has the infill tokens" }
    : { value: false, reason: "its vocabulary lacks the infill tokens" };
}

function otherCapabilities({ specialTokens, chatTemplate }: ModelTraits): Capabilities {
  // Codestral has no token for the middle and infills without it.
  const infill = infillTokens([specialTokens.prefix, specialTokens.suffix]);
  const chat = chatTemplate !== "";
  return {
    completion: true,
    infill: infill.value,
    chat,
    python: false,
    codeLlama: undefined,
    chatFormat: chat ? "template" : undefined,
    reasons: {
      infill: infill.reason,
      chat: `its file has ${chat ? "a" : "no"} chat template`,
      python: "it is not a Code Llama",
    },
  };
}

/** Applies what the user knows better. */
function corrected(
  derived: Capabilities,
  model: ModelTraits,
  given: CapabilityOptions,
): Capabilities {
  const place = "CodeLlama.load(): capabilities";
  const { prefix, suffix } = model.specialTokens;
  if (given.infill === true && (prefix === undefined || suffix === undefined)) {
    throw invalidArgument(
      `${place}: infill must be false, because the vocabulary lacks the tokens`,
    );
  }
  const chat = given.chat ?? derived.chat;
  const chatFormat = given.chatFormat ?? derived.chatFormat;
  if (chat && chatFormat === undefined) {
    throw invalidArgument(
      `${place}: chat needs a chatFormat, such as "llama-2", because the file has no chat template`,
    );
  }
  if (chatFormat === "template" && model.chatTemplate === "") {
    throw invalidArgument(
      `${place}: chatFormat must not be "template", because the file has no chat template`,
    );
  }
  const reasons = { ...derived.reasons };
  for (const name of ["infill", "chat", "python"] as const) {
    if (given[name] !== undefined) reasons[name] = "the option capabilities says so";
  }
  const { infill = derived.infill, python = derived.python } = given;
  return { ...derived, infill, chat, python, chatFormat, reasons };
}

/** @throws CodeLlamaError `CAPABILITY_MISSING`, naming what decided and the Code Llama models that can */
export function requireCapability(
  capabilities: Capabilities,
  capability: Capability,
  modelName: string,
  where: string,
): void {
  if (capabilities[capability]) return;
  const { cannot, advice } = missing[capability];
  throw new CodeLlamaError(
    "CAPABILITY_MISSING",
    `${where}: ${modelName === "" ? "this model" : modelName} ${cannot}: ` +
      `${capabilities.reasons[capability]}. ${advice}`,
  );
}

const missing = {
  infill: {
    cannot: "cannot fill in the middle",
    advice:
      "Use Code Llama 7B, 13B or 70B, base or instruct (not 34B, not Python), or load with " +
      "capabilities: { infill: true } if the model was trained to",
  },
  chat: {
    cannot: "cannot chat",
    advice:
      "Use a Code Llama instruct model, force: true to try anyway, or load with " +
      "capabilities: { chat: true } if it is an instruct model",
  },
  python: {
    cannot: "is not a Python specialist",
    advice:
      "Use a Code Llama Python model, or load with capabilities: { python: true } if it is one",
  },
} as const;
