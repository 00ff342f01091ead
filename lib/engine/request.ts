import { CodeLlamaError } from "../errors.ts";
import type { NativeEngine, NativeOutput, NativeRequestEvent } from "../native/binding.ts";
import type { RequestOutcome, RunningRequest } from "./port.ts";

/** One request to the native engine, from `submit` to its last event. */
export class EngineRequest implements RunningRequest {
  readonly #engine: NativeEngine;
  readonly #id: number;
  readonly #onOutput: (output: NativeOutput) => void;
  readonly outcome: Promise<RequestOutcome>;
  #resolve: (outcome: RequestOutcome) => void = () => {};
  #reject: (reason: unknown) => void = () => {};

  /** @param onOutput - called with new tokens and their text, which may be empty; must not throw */
  constructor(engine: NativeEngine, id: number, onOutput: (output: NativeOutput) => void) {
    this.#engine = engine;
    this.#id = id;
    this.#onOutput = onOutput;
    this.outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Ends the request with `finishReason: "abort"`. Does nothing if it has already ended. */
  cancel(): void {
    this.#engine.cancel(this.#id);
  }

  /** Pauses or resumes the request. The engine does not compute a paused request. */
  setPaused(paused: boolean): void {
    this.#engine.setPaused(this.#id, paused);
  }

  /** Handles an event of the engine. Does not throw. */
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
