// The API of a loaded model over a server elsewhere: here one that is started for it. In earnest:
// CodeLlama.connect("http://gpu.example:8080", { apiKey, tokenizer }).
import { modelPath } from "codellama-tiny";
import { CodeLlama } from "node-codellama";
import { createHandler, listen } from "node-codellama/server";

const served = await CodeLlama.load(modelPath);
const handler = createHandler(served, { apiKeys: [{ name: "me", key: "a-secret-key" }] });
const server = await listen(handler, { port: 0, hasKeys: true });

// Prompts are made here, by the vocabulary in the file, and go out as tokens.
const llama = await CodeLlama.connect(server.url, {
  apiKey: "a-secret-key",
  tokenizer: modelPath,
});
const { text } = await llama.infill(
  { prefix: "def fibonacci(n: int) -> int:\n", suffix: "    return a\n" },
  { temperature: 0, maxTokens: 100 },
);
process.stdout.write(text);

await llama.close();
await server.close();
await served.close();
