import { invalidArgument } from "./base/arguments.ts";
import type { EnginePort, PreparedPrompt } from "./engine/port.ts";
import { Generation } from "./generation.ts";
import { Job } from "./jobs/job.ts";
import type { Capabilities } from "./model/capabilities.ts";
import { chatCall, needsVocabulary, newLeadingSpaceFilter } from "./modes/chat.ts";
import { chatModel, layOutDialog, remoteDialog } from "./modes/chat-prompt.ts";
import { fitHistory, roomForPrompt } from "./modes/history.ts";
import { withValues } from "./modes/structured-value.ts";
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
import type { GenerationResult, StructuredResult } from "./result.ts";
import type { ValueOf } from "./schema/standard-schema.ts";

/** Result of one answer in a session. */
export interface SessionResult extends GenerationResult {
  /** Messages that were dropped from the history to make room, the oldest first. */
  readonly dropped: readonly ChatMessage[];
}

/** A session as plain data, for `JSON.stringify` and `CodeLlama.session()`. */
export interface SessionData {
  readonly version: 1;
  readonly messages: readonly ChatMessage[];
  readonly maxHistoryTokens?: number;
}

// Only this module can call the constructor: JavaScript has no private constructors.
const own = Symbol("ChatSession");

/**
 * A growing conversation. The KV cache keeps the earlier turns, so each question computes only new
 * tokens. When the history gets too long, the session drops the oldest turns, but never the system
 * prompt. Sessions of one CodeLlama can run in parallel.
 */
export class ChatSession {
  readonly #engine: EnginePort;
  readonly #capabilities: Capabilities;
  readonly #model: ChatModel;
  readonly #options: SessionOptions;
  #system: ChatMessage | undefined;
  #turns: ChatMessage[];
  #answering = false;

  /** @internal Called by `openSession()`. */
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

  /** The conversation so far: an optional system message, then the turns. */
  get messages(): readonly ChatMessage[] {
    return this.#system === undefined ? [...this.#turns] : [this.#system, ...this.#turns];
  }

  /**
   * Asks a question. The question and its answer join the history when the answer is complete, or cut
   * short by `cancel()` or a limit. An error or an abort by signal does not change the history.
   * @throws CodeLlamaError like `CodeLlama.chat`; `INVALID_ARGUMENT` while another answer runs
   */
  send<Schema extends object>(
    content: string,
    options: SendOptions & { readonly jsonSchema: Schema },
  ): Generation<SessionResult & StructuredResult<ValueOf<Schema>>>;
  send(content: string, options?: SendOptions): Generation<SessionResult>;
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
        const answer = await stream(0)({ ...call, prompt }, newLeadingSpaceFilter);
        const result = await withValues(answer, checked.jsonSchema);
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
   * Checks the dialog at once and prepares its prompt.
   * @param onFitted - called with the dropped messages before the answer starts
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

  /** Creates a second session that continues from here. Both share their KV cells. */
  fork(): ChatSession {
    return openSession(this.#engine, this.#capabilities, this.#currentOptions());
  }

  /**
   * Removes all turns. The system prompt stays unless `system` replaces it.
   * @throws CodeLlamaError `INVALID_ARGUMENT` while an answer runs
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
      `${where}: the session must be idle (an answer is running); await or cancel it, or use fork()`,
    );
  }
}

/** Creates a session on an engine. `readSessionOptions` must have checked the options. */
export function openSession(
  engine: EnginePort,
  capabilities: Capabilities,
  options: SessionOptions,
): ChatSession {
  return new ChatSession(own, engine, capabilities, options);
}

/**
 * Checks the options of a session, or the data from a session's `toJSON()`.
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export function readSessionOptions(
  options: SessionOptions | SessionData,
): SessionOptions & Partial<SessionData> {
  return checkOptions(options, { ...sessionRules, version: oneOf(1) }, "session()");
}
