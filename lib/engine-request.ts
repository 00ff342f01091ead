import type { NativeEngine, NativeFinished, NativeRequestEvent } from "./binding.ts";
import { CodeLlamaError } from "./errors.ts";

/** What one request at the engine came to. */
export type RequestOutcome = Omit<NativeFinished, "type" | "id">;

/** One request at the engine, from its submission to its last event. */
export class EngineRequest {
  readonly #engine: NativeEngine;
  readonly #id: number;
  readonly #onText: (text: string, tokens: readonly number[]) => void;
  readonly outcome: Promise<RequestOutcome>;
  #resolve: (outcome: RequestOutcome) => void = () => {};
  #reject: (reason: unknown) => void = () => {};

  /** @param onText - gets the new text, perhaps empty, and its tokens; must not throw */
  constructor(
    engine: NativeEngine,
    id: number,
    onText: (text: string, tokens: readonly number[]) => void,
  ) {
    this.#engine = engine;
    this.#id = id;
    this.#onText = onText;
    this.outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** It ends with `finishReason: "abort"`, unless it has ended before. */
  cancel(): void {
    this.#engine.cancel(this.#id);
  }

  /** A paused request is not computed: its reader is behind. */
  setPaused(paused: boolean): void {
    this.#engine.setPaused(this.#id, paused);
  }

  /** Takes an event of the engine. Throws nothing. */
  receive(event: NativeRequestEvent): void {
    if (event.type === "text") {
      this.#onText(event.text, event.tokens);
    } else if (event.type === "failed") {
      this.#reject(new CodeLlamaError(event.code, event.message));
    } else {
      this.#resolve(event);
    }
  }
}
