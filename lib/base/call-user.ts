/**
 * Calls a callback of the user. Its error reaches `uncaughtException`, and not the code that calls,
 * which could not handle it.
 */
export function callUser<Value>(
  callback: ((value: Value) => void) | undefined,
  value: Value,
): void {
  try {
    callback?.(value);
  } catch (error) {
    process.nextTick(() => {
      throw error;
    });
  }
}
