import { randomUUID } from "node:crypto";
import type { Generation } from "../../generation.ts";
import type { FinishReason } from "../../native/binding.ts";
import type { Answer } from "../../result.ts";
import { clientGone, type HttpError } from "../http/http-error.ts";
import type { Operation, RequestRecord } from "../observability/record.ts";

/** Notice about an answer, for the client and the operator. */
export interface Warning {
  readonly code: string;
  readonly message: string;
}

/** Generation that belongs to an exchange. */
export interface Followed<Result> {
  readonly generation: Generation<Result>;
  /** Rejects if the exchange is aborted. */
  readonly result: Promise<Result>;
}

/** One request and its answer, from the first byte to the last. Logs and metrics report it. */
export class Exchange implements RequestRecord {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly startedAt = performance.now();
  keyName = "anonymous";
  /** Codes of the warnings that the client gets with its answer. */
  readonly warnings = new Set<string>();
  operation: Operation | undefined;
  promptTokens = 0;
  cachedTokens = 0;
  completionTokens = 0;
  /** Time to the first token of the first answer. */
  timeToFirstTokenMs: number | undefined;
  /** Mean milliseconds between two tokens, one entry per answer. */
  readonly tokenIntervalsMs: number[] = [];
  readonly finishReasons: FinishReason[] = [];
  status = 0;
  error: HttpError | undefined;

  /** Running generations. Each promise resolves when its generation has ended. */
  readonly #generations = new Map<Generation<unknown>, Promise<void>>();
  readonly #controllers: AbortController[] = [];
  readonly #onEnd: (exchange: Exchange) => void;
  /** Rejects with the abort reason if the exchange is aborted before its end. */
  readonly aborted: Promise<never>;
  #rejectAborted: (reason: unknown) => void = () => {};
  #abortReason: unknown;
  #ended = false;
  #stopWatching: () => void = () => {};
  /** Whether the answer continues after the handler has returned. */
  streams = false;

  constructor(request: Request, path: string, onEnd: (exchange: Exchange) => void) {
    this.id = requestId(request) ?? randomUUID();
    this.method = request.method;
    this.path = path;
    this.#onEnd = onEnd;
    this.aborted = new Promise((_, reject) => {
      this.#rejectAborted = reject;
    });
    this.aborted.catch(() => {});
  }

  /**
   * Aborts the exchange when its client leaves.
   * @param client - signal that is aborted when the client leaves. The listener is removed at the end
   *   of the exchange: it would keep the exchange in memory for as long as the Node.js adapter keeps
   *   the signal.
   * @throws HttpError 499 if the client has already left
   */
  watch(client: AbortSignal): void {
    if (client.aborted) throw clientGone();
    const onLeave = () => this.abort(clientGone());
    client.addEventListener("abort", onLeave, { once: true });
    this.#stopWatching = () => client.removeEventListener("abort", onLeave);
  }

  /**
   * Cancels a generation when the exchange ends, and counts its tokens.
   * @param streamed - whether the client reads the text while it is generated, and so can slow it down
   */
  follow<Result extends Answer>(
    generation: Generation<Result>,
    streamed: boolean,
  ): Followed<Result> {
    if (this.#abortReason !== undefined) generation.cancel();
    const whole = streamed ? generation.result : generation.then();
    const result = whole.then((answer) => {
      this.#count(answer);
      if (this.#abortReason !== undefined) throw this.#abortReason;
      return answer;
    });
    const settled = result.then(
      () => {},
      () => {},
    );
    this.#generations.set(generation, settled);
    settled.then(() => this.#generations.delete(generation));
    return { generation, result };
  }

  /** Creates a controller for other work. It is aborted when the exchange ends. */
  controller(): AbortController {
    const controller = new AbortController();
    if (this.#abortReason !== undefined) controller.abort(this.#abortReason);
    this.#controllers.push(controller);
    return controller;
  }

  /** Ends all running work. The client gets the reason as an error if it is still connected. */
  abort(reason: unknown): void {
    this.#abortReason ??= reason;
    if (!this.#ended) this.#rejectAborted(this.#abortReason);
    for (const generation of this.#generations.keys()) generation.cancel();
    for (const controller of this.#controllers) controller.abort(this.#abortReason);
  }

  /** Ends the exchange with its status. Reports it once all its tokens are counted. */
  end(status: number, error?: HttpError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#stopWatching();
    this.status = status;
    this.error = error;
    this.abort(new DOMException("the exchange has ended", "AbortError"));
    const settled = [...this.#generations.values()];
    if (settled.length === 0) this.#onEnd(this);
    else Promise.all(settled).then(() => this.#onEnd(this));
  }

  get durationMs(): number {
    return performance.now() - this.startedAt;
  }

  #count(answer: Answer & { readonly choices?: readonly Answer[] }): void {
    const answers = answer.choices ?? [answer];
    this.promptTokens += answer.usage.promptTokens;
    this.cachedTokens += answer.usage.cachedTokens;
    if (answers.some(({ usage }) => usage.completionTokens > 0)) {
      this.timeToFirstTokenMs ??= answer.timings.queuedMs + answer.timings.prefillMs;
    }
    for (const { usage, timings, finishReason } of answers) {
      this.completionTokens += usage.completionTokens;
      this.finishReasons.push(finishReason);
      if (usage.completionTokens < 2) continue;
      this.tokenIntervalsMs.push(timings.decodeMs / (usage.completionTokens - 1));
    }
  }
}

/** The request id from the client or a proxy. Undefined if there is no valid one. */
function requestId(request: Request): string | undefined {
  const id = request.headers.get("x-request-id") ?? "";
  return /^[\w.-]{1,128}$/.test(id) ? id : undefined;
}
