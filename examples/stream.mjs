// Streams a completion to the terminal. Usage: node examples/stream.mjs [model.gguf]

import { modelPath } from "codellama-tiny";
import { CodeLlama } from "node-codellama";

const llama = await CodeLlama.load(process.argv[2] ?? modelPath);

const generation = llama.generate("def fibonacci(n", { maxTokens: 100, temperature: 0 });
for await (const { text } of generation) process.stdout.write(text);

const { usage, timings } = await generation;
console.log(
  `\n${usage.completionTokens} tokens, ${timings.decodeTokensPerSecond.toFixed(0)} a second`,
);
await llama.close();
