import { invalidArgument } from "./base/arguments.ts";
import type { EnginePort, PreparedPrompt } from "./engine/port.ts";
import { Generation } from "./generation.ts";
import { Job } from "./jobs/job.ts";
import type { Capabilities } from "./model/capabilities.ts";
import { chatCall, needsVocabulary, newLeadingSpaceFilter } from "./modes/chat.ts";
import { chatModel, layOutDialog, remoteDialog } from "./modes/chat-prompt.ts";
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
      engine.vocabulary(`${where}: maxHistoryTokens`);
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
    const history = [...this.messages, { role: "user", content } as const];
    let dropped: readonly ChatMessage[] = [];
    const prompt = this.#prepare(history, checked, call.maxTokens, (left) => {
      dropped = left;
    });
    const job = new Job(this.#engine, checked, async ({ stream }) => {
      this.#answering = true;
      try {
        const result = await stream(0)({ ...call, prompt }, newLeadingSpaceFilter);
        this.#turns.splice(0, dropped.length);
        this.#turns.push(...history.slice(-1), { role: "assistant", content: result.text });
        return { ...result, dropped };
      } finally {
        this.#answering = false;
      }
    });
    return new Generation(job);
  }

  /**
   * Checks the dialog at once.
   * @param onFitted - called with the messages that had to be dropped, before the answer begins
   */
  #prepare(
    messages: readonly ChatMessage[],
    options: SendOptions,
    maxTokens: number,
    onFitted: (dropped: readonly ChatMessage[]) => void,
  ): PreparedPrompt {
    const where = "send()";
    const room = roomForPrompt(this.#engine, maxTokens);
    const limit = Math.min(this.#options.maxHistoryTokens ?? room, room);
    const layOut = (some: readonly ChatMessage[]) =>
      layOutDialog(this.#model, some, options, where);
    return this.#engine.prepare({
      needsVocabulary: needsVocabulary(options, where),
      source: () => remoteDialog(messages, options, where),
      layOut: () => {
        const whole = layOut(messages);
        return async (encoder) => {
          const { prompt, dropped } = await fitHistory({ messages, whole, layOut }, limit, encoder);
          onFitted(dropped);
          if (dropped.length > 0) this.#options.onDropped?.({ messages: dropped });
          return prompt;
        };
      },
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
