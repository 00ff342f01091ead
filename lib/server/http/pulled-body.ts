import { clientGone, toHttpError } from "./http-error.ts";

/** Source of an answer's texts. Each text is created after the client has read the one before. */
export interface TextSource {
  /** Resolves with the next text, or undefined after the last one. */
  next(): Promise<string | undefined>;
  /** Called when nobody will read more. */
  return(): unknown;
}

export interface PulledBodyOptions {
  /** Ends the body with the abort reason, even while nobody reads. */
  readonly signal: AbortSignal;
  /** Creates the last text of a body that fails. Without this function the transfer fails instead. */
  farewell?(error: unknown): string;
  /** Called exactly once, when the body ends. `error` is the failure, if there was one. */
  onEnd(error?: unknown): void;
}

/** Body of an answer. A slow client slows only its own source. A client that leaves ends the source. */
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
          // The source may wait for work that ends only with the exchange, so end the exchange first.
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

  /** Sends an extra text between two texts of the source, unless the client still has text to read. */
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
    // Servers print the error of a body. A client that left is not an error.
    const closesNormally =
      farewell !== undefined || toHttpError(error).status === clientGone().status;
    if (closesNormally) this.#controller?.close();
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
