// Completes several functions at once: the engine batches the requests. Urgent requests run first.

import { modelPath } from "codellama-tiny";
import { CodeLlama } from "node-codellama";

const llama = await CodeLlama.load(modelPath, { parallel: 4 });

const prompts = [
  "def factorial(n",
  "def quick_sort(items",
  "function isPrime(n) {",
  "class Stack:",
];
const results = await Promise.all(
  prompts.map((prompt, index) =>
    llama.generate(prompt, {
      maxTokens: 120,
      temperature: 0,
      priority: index === 0 ? "interactive" : "background",
    }),
  ),
);
for (const [index, { text }] of results.entries()) console.log(`${prompts[index]}${text}\n`);
await llama.close();
