import { readArgument } from "./arguments.ts";

/** What waits for one signal. */
interface Waiting {
  readonly callbacks: Set<() => void>;
  /** Calls them all; it takes nothing from the event, which polyfills fill differently. */
  readonly listener: () => void;
}

// Node warns of a leak when a signal has more than ten listeners, but a signal that many requests
// share is no leak: they share one listener.
const waiting = new WeakMap<AbortSignal, Waiting>();

/**
 * Calls `onAbort` when the signal is aborted.
 * @throws CodeLlamaError `INVALID_ARGUMENT` for a signal that takes no listener
 */
export function addAbortListener(signal: AbortSignal, onAbort: () => void): void {
  const known = waiting.get(signal);
  if (known !== undefined) {
    known.callbacks.add(onAbort);
    return;
  }
  const callbacks = new Set([onAbort]);
  const listener = () => {
    for (const callback of callbacks) callback();
  };
  readArgument("signal", () => signal.addEventListener("abort", listener));
  waiting.set(signal, { callbacks, listener });
}

export function removeAbortListener(signal: AbortSignal, onAbort: () => void): void {
  const known = waiting.get(signal);
  known?.callbacks.delete(onAbort);
  if (known?.callbacks.size !== 0) return;
  waiting.delete(signal);
  forget(signal, known.listener);
}

/** A signal of another library may fail here. The listener then stays, and has nothing to do. */
function forget(signal: AbortSignal, listener: () => void): void {
  try {
    signal.removeEventListener("abort", listener);
  } catch {
    // The work has ended, and its result is not the signal's to spoil.
  }
}

/** As the signal's own method, which those of other libraries may lack. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw reasonOf(signal);
}

/**
 * Works with a signal of this realm that follows the caller's as long as the work takes: those of
 * other realms and libraries differ in their methods.
 */
export async function withOwnSignal<Value>(
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal | undefined) => Promise<Value>,
): Promise<Value> {
  if (signal === undefined) return work(undefined);
  const controller = new AbortController();
  const follow = () => controller.abort(reasonOf(signal));
  if (signal.aborted) follow();
  readArgument("signal", () => signal.addEventListener("abort", follow));
  try {
    return await work(controller.signal);
  } finally {
    forget(signal, follow);
  }
}

/** Why a signal is aborted. */
export function reasonOf(signal: AbortSignal): unknown {
  return signal.reason ?? new DOMException("This operation was aborted", "AbortError");
}
