// Mounts the handler in node:http, sends a request like OpenAI's clients, and ends.
// Usage: node examples/server-node.mjs [model.gguf]

import { createServer } from "node:http";
import { modelPath } from "codellama-tiny";
import { CodeLlama } from "node-codellama";
import { createHandler, nodeListener } from "node-codellama/server";

const llama = await CodeLlama.load(process.argv[2] ?? modelPath);
const handler = createHandler(llama);
const server = createServer(nodeListener(handler));
server.listen(0, "127.0.0.1", async () => {
  const response = await fetch(`http://127.0.0.1:${server.address().port}/v1/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ prompt: "def fibonacci(n", max_tokens: 100, temperature: 0 }),
  });
  const { choices } = await response.json();
  console.log(choices[0].text);
  server.close();
  await handler.drain();
  await llama.close();
});
