/** Makes a source file of simple functions. Each seed gives other functions. */

const VERBS = ["load", "parse", "merge", "filter", "count", "render", "store", "check"];
const NOUNS = ["order", "user", "page", "index", "token", "event", "frame", "record"];

/**
 * @param {number} functions number of functions; each has about 38 tokens of Code Llama
 * @param {number} seed
 */
export function sourceFile(functions, seed) {
  return Array.from({ length: functions }, (_, index) => {
    const verb = VERBS[(index + seed) % VERBS.length];
    const noun = NOUNS[(index * 3 + seed) % NOUNS.length];
    return (
      `def ${verb}_${noun}_${seed}_${index}(${noun}s, limit):\n` +
      `    result = [${noun} for ${noun} in ${noun}s if ${noun}.size < limit]\n` +
      "    return sorted(result)\n\n\n"
    );
  }).join("");
}
