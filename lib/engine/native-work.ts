import { addAbortListener, reasonOf, removeAbortListener } from "../base/abort-listeners.ts";
import { fromNative } from "../errors.ts";
import type { NativeWork } from "../native/binding.ts";

/**
 * Returns the value of work on another thread. `stop` cancels the work and rejects at once.
 * @param waiting - receives a function that cancels the work and rejects with its argument, for as
 *   long as the work lasts
 */
export function resultOf<Value>(
  { result, cancel }: NativeWork<Value>,
  stop: AbortSignal | undefined,
  waiting: Set<(reason: Error) => void>,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const end = (reason: unknown) => {
      reject(reason);
      cancel();
    };
    const onAbort = () => stop && end(reasonOf(stop));
    waiting.add(end);
    if (stop !== undefined) addAbortListener(stop, onAbort);
    result
      .then(resolve, (error: unknown) => reject(fromNative(error)))
      .finally(() => {
        waiting.delete(end);
        if (stop !== undefined) removeAbortListener(stop, onAbort);
      });
  });
}
