import { invalidArgument } from "../base/arguments.ts";
import type { EnginePort, PreparedPrompt, TextFilter } from "../engine/port.ts";
import { CodeLlamaError } from "../errors.ts";
import { Job } from "../jobs/job.ts";
import { type Capabilities, requireCapability } from "../model/capabilities.ts";
import { type ChatOptions, chatTable } from "../options/chat.ts";
import { checkList } from "../options/check.ts";
import { type ChatMessage, copyMessages } from "../options/messages.ts";
import { checkCall, type RequestOptions, requestOptions } from "../options/request.ts";
import { dedentBelow } from "../options/stop.ts";
import type { AnyTable } from "../options/table.ts";
import type { GenerationResult } from "../result.ts";
import { answers } from "./answers.ts";
import { chatModel, layOutDialog, remoteDialog } from "./chat-prompt.ts";
import { fitHistory, roomForPrompt } from "./history.ts";

/** Answers a dialog. */
export function chat(
  engine: EnginePort,
  capabilities: Capabilities,
  messages: readonly ChatMessage[],
  options: ChatOptions,
): Job<GenerationResult> {
  const where = "chat()";
  const checked = checkCall(options, chatTable, where);
  const call = chatCall(engine, capabilities, checked, where);
  const room = roomForPrompt(engine, call.maxTokens);
  const prompt = chatPromptOf(engine, capabilities, messages, checked, room, where);
  const script = answers(engine, checked, where, (runRequest) =>
    runRequest({ ...call, prompt }, newLeadingSpaceFilter),
  );
  return new Job(engine, checked, script);
}

function chatPromptOf(
  engine: EnginePort,
  capabilities: Capabilities,
  given: readonly ChatMessage[],
  options: ChatOptions,
  room: number,
  where: string,
): PreparedPrompt {
  const messages = checkList(given, `${where}: messages`);
  const model = chatModel(engine, capabilities);
  const truncates = options.overflow === "truncate";
  const layOut = (some: readonly ChatMessage[]) => layOutDialog(model, some, options, where);
  return engine.prepare({
    needsVocabulary: needsVocabulary(options, where),
    source: () => remoteDialog(copyMessages(messages, where), options, where),
    layOut: () => {
      // Each message has at least one token, so more messages than tokens cannot fit.
      if (!truncates && messages.length > engine.contextSize) {
        return () => Promise.reject(tooManyMessages(engine, messages.length, where));
      }
      const dialog = copyMessages(messages, where);
      const whole = layOut(dialog);
      if (!truncates) return whole;
      const history = { messages: dialog, whole, layOut };
      return async (encoder) => (await fitHistory(history, room, encoder)).prompt;
    },
  });
}

/** The option of a chat that only an engine with a vocabulary can honour; undefined: none is set. */
export function needsVocabulary(options: ChatOptions, where: string): string | undefined {
  const { specialText, overflow, beams } = options;
  if (specialText === "reject") return `${where}: specialText: "reject"`;
  if (overflow === "truncate") return `${where}: overflow: "truncate"`;
  return beams === undefined ? undefined : "beams";
}

function tooManyMessages(engine: EnginePort, count: number, where: string): CodeLlamaError {
  return new CodeLlamaError(
    "CONTEXT_OVERFLOW",
    `${where}: ${count} messages do not fit into a context of ${engine.contextSize} tokens`,
  );
}

/**
 * Checks that the model can chat; returns the options as the engine takes them.
 * @param options - options that `checkCall` returned
 */
export function chatCall(
  engine: EnginePort,
  capabilities: Capabilities,
  options: ChatOptions,
  where: string,
  table: AnyTable = chatTable,
): RequestOptions {
  engine.requireContext(where);
  const call = requestOptions(options, table, engine, where);
  if (dedentBelow(options, () => "") !== undefined) {
    throw invalidArgument(
      `${where}: stopAt: "dedent" needs a text to continue; call generate() or infill()`,
    );
  }
  if (options.force !== true) requireCapability(capabilities, "chat", engine.model.name, where);
  return call;
}

/** Removes the space that SentencePiece puts before the first word of an answer. */
class LeadingSpaceFilter implements TextFilter {
  #hasBegun = false;

  push(text: string): string {
    if (this.#hasBegun || text === "") return text;
    this.#hasBegun = true;
    return text.startsWith(" ") ? text.slice(1) : text;
  }

  finish(): string {
    return "";
  }
}

export const newLeadingSpaceFilter = (): TextFilter => new LeadingSpaceFilter();
