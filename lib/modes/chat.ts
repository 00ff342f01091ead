import type { EnginePort, TextFilter } from "../engine/port.ts";
import { CodeLlamaError } from "../errors.ts";
import { Generation, type RequestFunction } from "../generation.ts";
import { type Capabilities, requireCapability } from "../model/capabilities.ts";
import { type ChatOptions, chatTable } from "../options/chat.ts";
import { checkList } from "../options/check.ts";
import { type ChatMessage, copyMessages } from "../options/messages.ts";
import { checkCall, type RequestOptions, requestOptions } from "../options/request.ts";
import type { AnyTable } from "../options/table.ts";
import type { ChatModel } from "../prompt/chat.ts";
import { beamOptions, choiceCounts } from "./answers.ts";
import { beamSearch } from "./beams.ts";
import { dialogPrompt } from "./chat-prompt.ts";
import { choices } from "./choices.ts";
import { fitHistory, roomForPrompt } from "./history.ts";

/** Answers a dialog. */
export function chat(
  engine: EnginePort,
  capabilities: Capabilities,
  messages: readonly ChatMessage[],
  options: ChatOptions,
): Generation {
  const where = "chat()";
  const checked = checkCall(options, chatTable, where);
  const call = chatCall(engine, capabilities, checked, where);
  const given = checkList(messages, `${where}: messages`);
  const fits = mayFit(engine, given.length, checked);
  const dialog = fits ? copyMessages(given, where) : [];
  const model = chatModel(engine, capabilities);
  const encode = fits
    ? dialogPrompt(engine, model, dialog, checked, where)
    : () => Promise.reject(tooManyMessages(engine, given.length, where));
  if (checked.overflow === "truncate") engine.requireVocabulary(`${where}: overflow: "truncate"`);
  const truncated = async (stop: AbortSignal) => {
    const room = roomForPrompt(engine, call.maxTokens);
    return (await fitHistory(engine, model, dialog, checked, room, where, stop)).prompt;
  };
  const prompt = checked.overflow === "truncate" ? truncated : encode;
  const answer = (request: RequestFunction) =>
    request({ ...call, prompt }, { filter: leadingSpace });
  const beams = beamOptions(checked, where);
  const script = beams
    ? beamSearch(engine, beams, answer)
    : choices(choiceCounts(checked, where), engine.newGroup(), answer);
  return new Generation(engine, checked.signal, script);
}

/** Each message takes a token at least: more of them than tokens are not worth looking at. */
function mayFit(
  { hasVocabulary, contextSize }: EnginePort,
  count: number,
  { overflow }: ChatOptions,
): boolean {
  return !hasVocabulary || overflow === "truncate" || count <= contextSize;
}

function tooManyMessages(engine: EnginePort, count: number, where: string): CodeLlamaError {
  return new CodeLlamaError(
    "CONTEXT_OVERFLOW",
    `${where}: ${count} messages do not fit into a context of ${engine.contextSize} tokens`,
  );
}

/** What the prompts of a model's dialogs are made with. */
export function chatModel(engine: EnginePort, capabilities: Capabilities): ChatModel {
  const { model } = engine;
  const encode = (text: string, special: boolean) => engine.encode([{ text, special }]);
  return {
    model,
    format: capabilities.chatFormat ?? "llama-2",
    addsBos: model.addsBos,
    spell: (token) => engine.detokenize(Int32Array.of(token), true),
    spellsControlToken: (text) => `${encode(text, true)}` !== `${encode(text, false)}`,
  };
}

/** Checks that the model can answer, and how. @param options - that `checkCall` let pass */
export function chatCall(
  engine: EnginePort,
  capabilities: Capabilities,
  options: ChatOptions,
  where: string,
  table: AnyTable = chatTable,
): RequestOptions {
  engine.requireContext(where);
  const call = requestOptions(options, table, engine, where);
  if (options.force !== true) requireCapability(capabilities, "chat", engine.model.name, where);
  return call;
}

/** Takes off the space that SentencePiece puts before the first word of an answer. */
class LeadingSpace implements TextFilter {
  #begun = false;

  push(text: string): string {
    if (this.#begun || text === "") return text;
    this.#begun = true;
    return text.startsWith(" ") ? text.slice(1) : text;
  }

  finish(): string {
    return "";
  }
}

export const leadingSpace = (): TextFilter => new LeadingSpace();
