// Uses the API of a loaded model over a remote server. The example starts its own server. In your program:
// CodeLlama.connect("http://gpu.example:8080", { apiKey, tokenizer }).
import { modelPath } from "codellama-tiny";
import { CodeLlama } from "node-codellama";
import { createHandler, listen } from "node-codellama/server";

const served = await CodeLlama.load(modelPath);
const handler = createHandler(served, { apiKeys: [{ name: "me", key: "a-secret-key" }] });
const server = await listen(handler, { port: 0, hasKeys: true });

// The vocabulary of the file encodes prompts here, and they are sent as tokens.
const llama = await CodeLlama.connect(server.url, {
  apiKey: "a-secret-key",
  tokenizer: modelPath,
});
const { fullText } = await llama.infill(
  {
    prefix: "def fibonacci(n: int) -> int:\n    a, b = 0, 1\n    for _ in",
    suffix: "\n        a, b = b, a + b\n    return a\n",
  },
  { temperature: 0, singleLine: true },
);
process.stdout.write(fullText);

await llama.close();
await server.close();
await served.close();
