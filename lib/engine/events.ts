import { callUser } from "../base/call-user.ts";
import { CodeLlamaError, type CodeLlamaErrorCode } from "../errors.ts";
import type { NativeEvent } from "../native/binding.ts";
import type { EngineRequest } from "./request.ts";

/** Receiver of an engine's events. */
export interface EngineListener {
  readonly requests: Map<number, EngineRequest>;
  onProgress: ((fraction: number) => void) | undefined;
  onLoaded: () => void;
  onLoadFailed: (code: CodeLlamaErrorCode, message: string) => void;
  onClosed: () => void;
  /** The failure that stopped the engine; undefined while it runs and after `close()`. */
  failure: CodeLlamaError | undefined;
}

/**
 * Creates the callback that the addon keeps. It is created here, in a scope without the engine: a
 * closure in the engine's scope would keep the engine from being collected.
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

// "closed" is the last event, so no request may wait for another one.
function endAll({ requests }: EngineListener, code: CodeLlamaErrorCode, message: string): void {
  for (const [id, request] of requests) request.receive({ type: "failed", id, code, message });
  requests.clear();
}
