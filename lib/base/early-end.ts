/**
 * Makes a generator's `return()` and `throw()` call `onEnd` immediately. The generator's own
 * `finally` is too late: it does not run before the first `next()`, and it waits for a pending
 * `next()`.
 */
export function endedEarly<Value>(
  generator: AsyncGenerator<Value, void, undefined>,
  onEnd: () => void,
): AsyncGenerator<Value, void, undefined> {
  const { return: end, throw: fail } = generator;
  return Object.assign(generator, {
    return(value: void | PromiseLike<void>) {
      onEnd();
      return end.call(generator, value);
    },
    throw(reason: unknown) {
      onEnd();
      return fail.call(generator, reason);
    },
  });
}
