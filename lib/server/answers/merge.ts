/**
 * Several sources as one, in the order in which their values come. Each is asked for its next value
 * when its last one was taken; leaving early ends them all.
 */
export async function* merge<Value>(
  sources: readonly AsyncIterable<Value>[],
): AsyncGenerator<{ readonly source: number; readonly value: Value }> {
  const [only] = sources;
  if (only !== undefined && sources.length === 1) {
    for await (const value of only) yield { source: 0, value };
    return;
  }
  const iterators = sources.map((source) => source[Symbol.asyncIterator]());
  const ask = async (source: number) => ({ source, next: await iterators[source]?.next() });
  const asked = new Map(iterators.map((_, source) => [source, ask(source)]));
  try {
    while (asked.size > 0) {
      const { source, next } = await Promise.race(asked.values());
      if (next === undefined || next.done === true) {
        asked.delete(source);
        continue;
      }
      asked.set(source, ask(source));
      yield { source, value: next.value };
    }
  } finally {
    for (const pending of asked.values()) pending.catch(() => {});
    for (const iterator of iterators) iterator.return?.()?.catch(() => {});
  }
}
