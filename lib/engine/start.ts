import { CodeLlamaError, callNative } from "../errors.ts";
import { addon, type NativeEngine, type NativeLoadOptions } from "../native/binding.ts";
import { createEventHandler, type EngineListener } from "./events.ts";

export interface StartedEngine {
  readonly engine: NativeEngine;
  readonly listener: EngineListener;
  /** Resolves when the engine has stopped and freed its memory. */
  readonly closed: Promise<void>;
}

/** Starts an engine and waits until its model is loaded. Rejects with the signal's reason. */
export async function startEngine(
  options: NativeLoadOptions,
  onProgress: ((fraction: number) => void) | undefined,
  signal: AbortSignal | undefined,
): Promise<StartedEngine> {
  signal?.throwIfAborted();
  let onClosed = nothing;
  const closed = new Promise<void>((resolve) => {
    onClosed = resolve;
  });
  const listener: EngineListener = {
    requests: new Map(),
    onProgress,
    onLoaded: nothing,
    onLoadFailed: nothing,
    onClosed,
    failure: undefined,
  };
  const engine = callNative(
    () => new (addon().EngineHandle)(options, createEventHandler(listener)),
  );
  const cancel = () => engine.close();
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      listener.onLoaded = resolve;
      listener.onLoadFailed = (code, message) => {
        reject(signal?.aborted ? signal.reason : new CodeLlamaError(code, message));
      };
    });
    // The abort may have happened while the last events were on their way.
    signal?.throwIfAborted();
  } finally {
    signal?.removeEventListener("abort", cancel);
    // The addon never releases the listener, so the listener must not reference the engine.
    listener.onProgress = undefined;
    listener.onLoaded = nothing;
    listener.onLoadFailed = nothing;
  }
  return { engine, listener, closed };
}

// Defined here, so that it shares no scope with an engine.
function nothing(): void {}
