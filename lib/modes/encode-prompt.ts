import type { EnginePort } from "../engine/port.ts";
import { type Capabilities, requireCapability } from "../model/capabilities.ts";
import { type EncodeChatOptions, encodeChatRules } from "../options/chat.ts";
import { checkOptions } from "../options/check.ts";
import { type InfillInput, readHoles } from "../options/infill.ts";
import { type ChatMessage, copyMessages } from "../options/messages.ts";
import { chatPrompt, promptText } from "../prompt/chat.ts";
import { begin, finish, Unfinished } from "../prompt/steps.ts";
import { chatModel } from "./chat-prompt.ts";
import { chooseOrder, layOut } from "./infill.ts";

/** Implements `CodeLlama.encodeInfill`. */
export function encodeInfill(
  engine: EnginePort,
  capabilities: Capabilities,
  input: string | InfillInput,
): Int32Array {
  const where = "encodeInfill()";
  const { texts, order = "auto" } = readHoles(input, where);
  const [prefix = "", ...rest] = texts;
  engine.requireOpen(where);
  const vocabulary = engine.vocabulary(where);
  requireCapability(capabilities, "infill", engine.model.name, where);
  const isCodeLlama = capabilities.codeLlama !== undefined;
  const parts = layOut(
    engine.model,
    isCodeLlama,
    { prefix, suffix: rest.join("") },
    order === "auto" ? chooseOrder(prefix, isCodeLlama, true) : order,
  );
  return vocabulary.encode(parts);
}

/** Implements `CodeLlama.encodeChat`. */
export function encodeChat(
  engine: EnginePort,
  capabilities: Capabilities,
  messages: readonly ChatMessage[],
  options: EncodeChatOptions,
): Int32Array {
  const where = "encodeChat()";
  const { steps } = chatSteps(engine, capabilities, messages, options, where);
  return engine.vocabulary(where).encode(finish(steps));
}

/** Implements `CodeLlama.renderChat`. */
export async function renderChat(
  engine: EnginePort,
  capabilities: Capabilities,
  messages: readonly ChatMessage[],
  options: EncodeChatOptions,
): Promise<string> {
  const where = "renderChat()";
  const { steps, model } = chatSteps(engine, capabilities, messages, options, where);
  const parts = begin(steps);
  return promptText(parts instanceof Unfinished ? await parts.finish() : parts, model);
}

function chatSteps(
  engine: EnginePort,
  capabilities: Capabilities,
  messages: readonly ChatMessage[],
  options: EncodeChatOptions,
  where: string,
) {
  const checked = checkOptions(options, encodeChatRules, where);
  const dialog = copyMessages(messages, where);
  engine.requireOpen(where);
  engine.vocabulary(where);
  const model = chatModel(engine, capabilities);
  return { model, steps: chatPrompt(dialog, model, checked, where) };
}
