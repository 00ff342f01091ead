// What an editor does: each keystroke asks anew and aborts the request before it.
import { setTimeout as sleep } from "node:timers/promises";
import { modelPath } from "codellama-tiny";
import { CodeLlama } from "node-codellama";

const llama = await CodeLlama.load(modelPath);

let keystroke = new AbortController();

async function suggest(prompt) {
  keystroke.abort();
  keystroke = new AbortController();
  const { signal } = keystroke;
  try {
    const { text } = await llama.generate(prompt, {
      maxTokens: 60,
      temperature: 0,
      priority: "interactive",
      stop: "\n",
      signal,
    });
    console.log(`${prompt}|${text}`);
  } catch (error) {
    if (!signal.aborted) throw error;
    console.log(`${prompt}| (typed on)`);
  }
}

const typed = "def fibonacci(n";
const suggestions = [];
for (let length = 8; length <= typed.length; length++) {
  suggestions.push(suggest(typed.slice(0, length)));
  await sleep(5);
}
await Promise.all(suggestions);
await llama.close();
