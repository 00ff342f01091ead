import { invalidArgument } from "./base/arguments.ts";
import type { EnginePort } from "./engine/port.ts";
import { Generation } from "./generation.ts";
import type { Capabilities } from "./model/capabilities.ts";
import { chatCall, chatModel, leadingSpace } from "./modes/chat.ts";
import { dialogPrompt } from "./modes/chat-prompt.ts";
import { fitHistory, roomForPrompt } from "./modes/history.ts";
import { anyText, checkOptions, checkValue, oneOf } from "./options/check.ts";
import { type ChatMessage, copyMessages } from "./options/messages.ts";
import { checkCall } from "./options/request.ts";
import {
  type SendOptions,
  type SessionOptions,
  sendTable,
  sessionRules,
} from "./options/session.ts";
import type { ChatModel } from "./prompt/chat.ts";
import { readDialog } from "./prompt/dialog.ts";
import { finish } from "./prompt/steps.ts";
import type { GenerationResult } from "./result.ts";

/** An answer in a session. */
export interface SessionResult extends GenerationResult {
  /** Messages that had to be forgotten to make room, the oldest first. */
  readonly dropped: readonly ChatMessage[];
}

/** A session as plain data, for `JSON.stringify` and `CodeLlama.session()`. */
export interface SessionData {
  readonly version: 1;
  readonly messages: readonly ChatMessage[];
  readonly maxHistoryTokens?: number;
}

// JavaScript knows no private constructors.
const own = Symbol("ChatSession");

/**
 * A conversation that grows. The model's KV cache still holds the earlier turns, so that each
 * question costs only what is new. When the history gets too long the oldest turns are dropped,
 * never the system text. Sessions of one CodeLlama run side by side.
 */
export class ChatSession {
  readonly #engine: EnginePort;
  readonly #capabilities: Capabilities;
  readonly #model: ChatModel;
  readonly #options: SessionOptions;
  #system: ChatMessage | undefined;
  #turns: ChatMessage[];
  #answering = false;

  /** @internal By `openSession()`. */
  constructor(
    key: typeof own,
    engine: EnginePort,
    capabilities: Capabilities,
    options: SessionOptions,
  ) {
    if (key !== own) {
      throw invalidArgument("new ChatSession(): use llama.session()");
    }
    const where = "session()";
    const messages = [...copyMessages(options.messages ?? [], where)];
    if (options.system !== undefined) messages.unshift({ role: "system", content: options.system });
    finish(readDialog([...messages, { role: "user", content: "" }], where));
    if (options.maxHistoryTokens !== undefined) {
      engine.requireVocabulary(`${where}: maxHistoryTokens`);
    }
    this.#engine = engine;
    this.#capabilities = capabilities;
    this.#model = chatModel(engine, capabilities);
    this.#options = options;
    this.#system = messages[0]?.role === "system" ? messages.shift() : undefined;
    this.#turns = messages;
  }

  /** The conversation so far: the system message, if there is one, then the turns. */
  get messages(): readonly ChatMessage[] {
    return this.#system === undefined ? [...this.#turns] : [this.#system, ...this.#turns];
  }

  /**
   * Asks. The question and its answer join the history when the answer is complete, or was cut
   * short by `cancel()` or a limit; after an error or an abort by signal the history is as before.
   * @throws CodeLlamaError as `CodeLlama.chat`; `INVALID_ARGUMENT` while an answer is under way
   */
  send(content: string, options: SendOptions = {}): Generation<SessionResult> {
    const where = "send()";
    this.#requireIdle(where);
    checkValue(content, anyText, `${where}: content`);
    const checked = checkCall(options, sendTable, where);
    const call = chatCall(this.#engine, this.#capabilities, checked, where, sendTable);
    const question: ChatMessage = { role: "user", content };
    // What is wrong with the messages is told at once.
    dialogPrompt(this.#engine, this.#model, [...this.messages, question], checked, where);
    return new Generation(this.#engine, checked.signal, async (request) => {
      this.#answering = true;
      try {
        const room = roomForPrompt(this.#engine, call.maxTokens);
        let dropped: readonly ChatMessage[] = [];
        const prompt = async (stop: AbortSignal) => {
          const fitted = await fitHistory(
            this.#engine,
            this.#model,
            [...this.messages, question],
            checked,
            Math.min(this.#options.maxHistoryTokens ?? room, room),
            where,
            stop,
          );
          dropped = fitted.dropped;
          if (dropped.length > 0) this.#options.onDropped?.({ messages: dropped });
          return fitted.prompt;
        };
        const result = await request({ ...call, prompt }, { filter: leadingSpace });
        this.#turns.splice(0, dropped.length);
        this.#turns.push(question, { role: "assistant", content: result.text });
        return { ...result, dropped };
      } finally {
        this.#answering = false;
      }
    });
  }

  /** A second session that goes on from here; the two share what the KV cache holds. */
  fork(): ChatSession {
    return openSession(this.#engine, this.#capabilities, this.#currentOptions());
  }

  /**
   * Forgets all turns; the system text stays, unless there is a new one.
   * @throws CodeLlamaError `INVALID_ARGUMENT` while an answer is under way
   */
  reset(system?: string): void {
    this.#requireIdle("reset()");
    if (system !== undefined) checkValue(system, anyText, "reset(): system");
    if (system !== undefined) this.#system = { role: "system", content: system };
    this.#turns = [];
  }

  toJSON(): SessionData {
    const { maxHistoryTokens } = this.#options;
    return {
      version: 1,
      messages: this.messages,
      ...(maxHistoryTokens === undefined ? {} : { maxHistoryTokens }),
    };
  }

  #currentOptions(): SessionOptions {
    const { maxHistoryTokens, onDropped } = this.#options;
    return {
      messages: this.messages,
      ...(maxHistoryTokens === undefined ? {} : { maxHistoryTokens }),
      ...(onDropped === undefined ? {} : { onDropped }),
    };
  }

  #requireIdle(where: string): void {
    if (!this.#answering) return;
    throw invalidArgument(
      `${where}: an answer of this session is under way; await it, cancel it, or fork() the session`,
    );
  }
}

/** A session at an engine, with options that `readSessionOptions` let pass. */
export function openSession(
  engine: EnginePort,
  capabilities: Capabilities,
  options: SessionOptions,
): ChatSession {
  return new ChatSession(own, engine, capabilities, options);
}

/**
 * Checks the options of a session, or what a session's `toJSON()` gave.
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export function readSessionOptions(
  options: SessionOptions | SessionData,
): SessionOptions & Partial<SessionData> {
  return checkOptions(options, { ...sessionRules, version: oneOf(1) }, "session()");
}
