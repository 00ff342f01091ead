// What waits for a signal. Node warns of a leak when a signal has more than ten listeners, but a
// signal that many requests share is no leak: they share one listener.
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/** Calls `onAbort` when the signal is aborted. */
export function addAbortListener(signal: AbortSignal, onAbort: () => void): void {
  let callbacks = waiting.get(signal);
  if (callbacks === undefined) {
    callbacks = new Set();
    waiting.set(signal, callbacks);
    signal.addEventListener("abort", callAll);
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
