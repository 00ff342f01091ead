import { readArgument } from "./options/check.ts";

// What waits for a signal. Node warns of a leak when a signal has more than ten listeners, but a
// signal that many requests share is no leak: they share one listener.
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/** Calls `onAbort` when the signal is aborted. */
export function addAbortListener(signal: AbortSignal, onAbort: () => void): void {
  let callbacks = waiting.get(signal);
  if (callbacks === undefined) {
    callbacks = new Set();
    waiting.set(signal, callbacks);
    readArgument("signal", () => signal.addEventListener("abort", callAll));
  }
  callbacks.add(onAbort);
}

export function removeAbortListener(signal: AbortSignal, onAbort: () => void): void {
  const callbacks = waiting.get(signal);
  callbacks?.delete(onAbort);
  if (callbacks?.size !== 0) return;
  waiting.delete(signal);
  signal.removeEventListener("abort", callAll);
}

function callAll(event: Event): void {
  // Not currentTarget: Node.js 20 has none for any listener but the first.
  const signal = event.target as AbortSignal;
  for (const onAbort of waiting.get(signal) ?? []) onAbort();
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
    signal.removeEventListener("abort", follow);
  }
}

/** Why a signal is aborted. */
export function reasonOf(signal: AbortSignal): unknown {
  return signal.reason ?? new DOMException("This operation was aborted", "AbortError");
}
