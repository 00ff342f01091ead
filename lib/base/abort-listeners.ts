import { readArgument } from "./arguments.ts";

/** The callbacks of one signal. */
interface SharedListener {
  readonly callbacks: Set<() => void>;
  /** Calls every callback. Ignores the event, whose fields differ between polyfills. */
  readonly listener: () => void;
}

// Node warns of a leak when a signal has more than ten listeners. Many requests may share a signal,
// so all of them share one listener.
const sharedListeners = new WeakMap<AbortSignal, SharedListener>();

/**
 * Calls `onAbort` when the signal is aborted.
 * @throws CodeLlamaError `INVALID_ARGUMENT` if the signal's `addEventListener` throws
 */
export function addAbortListener(signal: AbortSignal, onAbort: () => void): void {
  const known = sharedListeners.get(signal);
  if (known !== undefined) {
    known.callbacks.add(onAbort);
    return;
  }
  const callbacks = new Set([onAbort]);
  const listener = () => {
    for (const callback of callbacks) callback();
  };
  readArgument("signal", () => signal.addEventListener("abort", listener));
  sharedListeners.set(signal, { callbacks, listener });
}

export function removeAbortListener(signal: AbortSignal, onAbort: () => void): void {
  const known = sharedListeners.get(signal);
  known?.callbacks.delete(onAbort);
  if (known?.callbacks.size !== 0) return;
  sharedListeners.delete(signal);
  removeListener(signal, known.listener);
}

function removeListener(signal: AbortSignal, listener: () => void): void {
  try {
    signal.removeEventListener("abort", listener);
  } catch {
    // A signal of another library may throw here. The work has already ended, so its result stands,
    // and the listener that remains does nothing.
  }
}

/** Like `signal.throwIfAborted()`, which signals of other libraries may lack. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw reasonOf(signal);
}

/**
 * Runs `work` with a native signal of this realm that follows the caller's signal until the work
 * ends. Signals of other realms and libraries differ in their methods.
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
    removeListener(signal, follow);
  }
}

/** The reason of an aborted signal; an `AbortError` if the signal has none. */
export function reasonOf(signal: AbortSignal): unknown {
  return signal.reason ?? new DOMException("This operation was aborted", "AbortError");
}
