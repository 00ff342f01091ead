import { randomUUID } from "node:crypto";
import type { Generation } from "../../generation.ts";
import type { FinishReason } from "../../native/binding.ts";
import type { Answer } from "../../result.ts";
import { clientGone, type HttpError } from "../http/http-error.ts";
import type { Operation, RequestRecord } from "../observability/record.ts";

/** What a client and an operator should know of an answer. */
export interface Warning {
  readonly code: string;
  readonly message: string;
}

/** A generation that belongs to an exchange. */
export interface Followed<Result> {
  readonly generation: Generation<Result>;
  /** Rejects where the exchange was aborted. */
  readonly result: Promise<Result>;
}

/** One request and its answer, from the first byte to the last: what logs and metrics tell of. */
export class Exchange implements RequestRecord {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly startedAt = performance.now();
  keyName = "anonymous";
  /** Codes of what the client should know about its answer. */
  readonly warnings = new Set<string>();
  operation: Operation | undefined;
  promptTokens = 0;
  cachedTokens = 0;
  completionTokens = 0;
  /** Of the first answer. */
  timeToFirstTokenMs: number | undefined;
  /** Milliseconds between two tokens, of each answer. */
  readonly tokenIntervalsMs: number[] = [];
  readonly finishReasons: FinishReason[] = [];
  status = 0;
  error: HttpError | undefined;

  /** Those under way, and when they are no longer. */
  readonly #generations = new Map<Generation<unknown>, Promise<void>>();
  readonly #controllers: AbortController[] = [];
  readonly #onEnd: (exchange: Exchange) => void;
  /** Rejects with the reason where the exchange is aborted before its end. */
  readonly aborted: Promise<never>;
  #rejectAborted: (reason: unknown) => void = () => {};
  #abortReason: unknown;
  #ended = false;
  #forgetClient: () => void = () => {};
  /** The answer goes on when the handler has returned. */
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
   * Ends the exchange when its client leaves.
   * @param client - aborted then. Its listener is taken off at the exchange's end: the adapter to Node.js
   *   keeps signals for as long as their requests, which the listener would hold.
   */
  watch(client: AbortSignal): void {
    const onGone = () => this.abort(clientGone());
    client.addEventListener("abort", onGone, { once: true });
    this.#forgetClient = () => client.removeEventListener("abort", onGone);
  }

  /**
   * Ends a generation with the exchange, and counts its tokens.
   * @param streamed - whether the client reads the text as it comes, and may hold it up
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

  /** For work that is no generation: aborted with the exchange. */
  controller(): AbortController {
    const controller = new AbortController();
    if (this.#abortReason !== undefined) controller.abort(this.#abortReason);
    this.#controllers.push(controller);
    return controller;
  }

  /** Ends what is under way; the client, if it is there, is told the reason. */
  abort(reason: unknown): void {
    this.#abortReason ??= reason;
    if (!this.#ended) this.#rejectAborted(this.#abortReason);
    for (const generation of this.#generations.keys()) generation.cancel();
    for (const controller of this.#controllers) controller.abort(this.#abortReason);
  }

  /** The answer is complete, or there will be none; told once all its tokens are counted. */
  end(status: number, error?: HttpError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#forgetClient();
    this.status = status;
    this.error = error;
    this.abort(new DOMException("the exchange is over", "AbortError"));
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

/** The id that the client or a proxy gave the request, if it is one. */
function requestId(request: Request): string | undefined {
  const id = request.headers.get("x-request-id") ?? "";
  return /^[\w.-]{1,128}$/.test(id) ? id : undefined;
}
