/**
 * A generator whose `return()` and `throw()` call `onEnd` at once. A generator's own `finally` does
 * not run before the first `next()`, and waits while a `next()` is under way.
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
