import { clientGone, toHttpError } from "./http-error.ts";

/** The texts of an answer, each made when the client has taken the one before. */
export interface TextSource {
  /** Undefined after the last one. */
  next(): Promise<string | undefined>;
  /** Nobody wants more. */
  return(): unknown;
}

export interface PulledBodyOptions {
  /** Ends the body with its reason, even while nobody reads. */
  readonly signal: AbortSignal;
  /** The last text of a body that fails. Without it the body fails too, and the transfer with it. */
  farewell?(error: unknown): string;
  /** Called once, however the body ends: with what went wrong, if anything did. */
  onEnd(error?: unknown): void;
}

/** The body of an answer: a slow client slows only its own source, and one that leaves ends it. */
export class PulledBody {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #encoder = new TextEncoder();
  readonly #source: TextSource;
  readonly #options: PulledBodyOptions;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #ended = false;

  constructor(source: TextSource, options: PulledBodyOptions) {
    this.#source = source;
    this.#options = options;
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#pull(),
        cancel: async () => {
          // What the source waits for has to end first.
          this.#end(clientGone());
          await source.return();
        },
      },
      { highWaterMark: 0 },
    );
    const { signal } = options;
    if (signal.aborted) this.#cut();
    else signal.addEventListener("abort", () => this.#cut(), { once: true });
  }

  /** Sends a text between two of the source, unless the client has some to read already. */
  send(text: string): void {
    if (!this.#ended && (this.#controller?.desiredSize ?? -1) >= 0) this.#enqueue(text);
  }

  async #pull(): Promise<void> {
    try {
      const text = await this.#source.next();
      if (this.#ended) return;
      if (text !== undefined) return this.#enqueue(text);
      this.#end();
      this.#controller?.close();
    } catch (error) {
      this.#fail(error);
    }
  }

  #cut(): void {
    if (this.#ended) return;
    this.#fail(this.#options.signal.reason);
    this.#source.return();
  }

  #fail(error: unknown): void {
    if (this.#ended) return;
    const { farewell } = this.#options;
    if (farewell !== undefined) this.#enqueue(farewell(error));
    this.#end(error);
    // Servers print the errors of a body. A client that has left is not an error.
    const isTold = farewell !== undefined || toHttpError(error).status === clientGone().status;
    if (isTold) this.#controller?.close();
    else this.#controller?.error(error);
  }

  #end(error?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.onEnd(error);
  }

  #enqueue(text: string): void {
    this.#controller?.enqueue(this.#encoder.encode(text));
  }
}
