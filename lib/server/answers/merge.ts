/**
 * Merges several sources in the order in which their values arrive. A source is pending for its next
 * value after the reader has taken the previous one. Leaving the loop early ends all sources.
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
  const pending = new Map(iterators.map((_, source) => [source, ask(source)]));
  try {
    while (pending.size > 0) {
      const { source, next } = await Promise.race(pending.values());
      if (next === undefined || next.done === true) {
        pending.delete(source);
        continue;
      }
      pending.set(source, ask(source));
      yield { source, value: next.value };
    }
  } finally {
    for (const each of pending.values()) each.catch(() => {});
    for (const iterator of iterators) iterator.return?.()?.catch(() => {});
  }
}
