// Runs the addon in a worker thread, with its own model.
import { isMainThread, parentPort, Worker } from "node:worker_threads";

if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url));
  worker.on("message", (text) => process.stdout.write(text));
} else {
  const { CodeLlama } = await import("node-codellama");
  const { modelPath } = await import("codellama-tiny");
  const llama = await CodeLlama.load(modelPath);
  for await (const { text } of llama.generate("def fibonacci(n", { temperature: 0 })) {
    parentPort.postMessage(text);
  }
  await llama.close();
}
