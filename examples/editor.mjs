// Works like an editor plug-in: the cursor is a hole to fill. Each keystroke aborts the last request and starts a
// new one, which computes only the tokens that were typed since.
import { setTimeout as sleep } from "node:timers/promises";
import { modelPath } from "codellama-tiny";
import { CodeLlama } from "node-codellama";

const llama = await CodeLlama.load(modelPath);

let keystroke = new AbortController();

async function suggest(prefix, suffix) {
  keystroke.abort();
  keystroke = new AbortController();
  const { signal } = keystroke;
  try {
    const { text, usage } = await llama.infill(
      { prefix, suffix },
      { maxTokens: 60, temperature: 0, priority: "interactive", trim: "overlap", signal },
    );
    const computed = usage.promptTokens - usage.cachedTokens;
    console.log(`${prefix.split("\n").at(-1)}|${text}   (${computed} tokens computed)`);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

const before = `def fibonacci(n: int) -> int:
    """Return the n-th Fibonacci number."""
    a, b = 0, 1
    `;
const behind = `
        a, b = b, a + b
    return a
`;
const typed = "for _ in";
const suggestions = [];
for (let length = 0; length <= typed.length; length++) {
  suggestions.push(suggest(before + typed.slice(0, length), behind));
  await sleep(100);
}
await Promise.all(suggestions);
await llama.close();
