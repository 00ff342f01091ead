import { CodeLlamaError } from "../errors.ts";
import type { NativeEngine, NativeOutput, NativeRequestEvent } from "../native/binding.ts";
import type { RequestOutcome, RunningRequest } from "./port.ts";

/** One request to the native engine, from its submission to its last event. */
export class EngineRequest implements RunningRequest {
  readonly #engine: NativeEngine;
  readonly #id: number;
  readonly #onOutput: (output: NativeOutput) => void;
  readonly outcome: Promise<RequestOutcome>;
  #resolve: (outcome: RequestOutcome) => void = () => {};
  #reject: (reason: unknown) => void = () => {};

  /** @param onOutput - gets new tokens and their text, which may be empty; must not throw */
  constructor(engine: NativeEngine, id: number, onOutput: (output: NativeOutput) => void) {
    this.#engine = engine;
    this.#id = id;
    this.#onOutput = onOutput;
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
    if (event.type === "failed") {
      this.#reject(new CodeLlamaError(event.code, event.message));
    } else if (event.type === "finished") {
      this.#resolve(event);
    } else {
      this.#onOutput(event);
    }
  }
}
