import { CodeLlamaError, type CodeLlamaErrorCode } from "../errors.ts";
import type { NativeEvent } from "../native/binding.ts";
import type { EngineRequest } from "./request.ts";

/** Where an engine's events go. */
export interface EngineListener {
  readonly requests: Map<number, EngineRequest>;
  onProgress: ((fraction: number) => void) | undefined;
  onLoaded: () => void;
  onLoadFailed: (code: CodeLlamaErrorCode, message: string) => void;
  onClosed: () => void;
  /** What stopped the engine, unless it was `close()`. */
  failure: CodeLlamaError | undefined;
}

/**
 * The callback that the addon keeps. It is made here, away from whoever holds the engine: a
 * closure in the engine's own scope would keep the engine from being collected for ever.
 */
export function createEventHandler(
  listener: EngineListener,
): (events: readonly NativeEvent[]) => void {
  return (events) => {
    for (const event of events) {
      switch (event.type) {
        case "progress":
          callUser(listener.onProgress, event.fraction);
          break;
        case "loaded":
          listener.onLoaded();
          break;
        case "loadFailed":
          listener.onLoadFailed(event.code, event.message);
          break;
        case "closed":
          endAll(listener, event.code ?? "CLOSED", event.message ?? "the engine has stopped");
          if (event.code !== undefined) {
            listener.failure = new CodeLlamaError(event.code, event.message ?? "");
          }
          listener.onClosed();
          break;
        default: {
          const request = listener.requests.get(event.id);
          if (event.type === "finished" || event.type === "failed") {
            listener.requests.delete(event.id);
          }
          request?.receive(event);
        }
      }
    }
  };
}

// Nothing comes after "closed", so no request may wait for more.
function endAll({ requests }: EngineListener, code: CodeLlamaErrorCode, message: string): void {
  for (const [id, request] of requests) request.receive({ type: "failed", id, code, message });
  requests.clear();
}

// An error of the user's goes to `uncaughtException`, as from any callback, and not to the addon.
function callUser(callback: ((fraction: number) => void) | undefined, fraction: number): void {
  try {
    callback?.(fraction);
  } catch (error) {
    process.nextTick(() => {
      throw error;
    });
  }
}
