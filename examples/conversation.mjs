// Saves a conversation and continues it later. Each turn computes only its new tokens.
import { modelPath } from "codellama-tiny";
import { CodeLlama } from "node-codellama";

const llama = await CodeLlama.load(modelPath);

async function ask(session, question) {
  console.log(`> ${question}`);
  const answer = session.send(question, { temperature: 0 });
  for await (const { text } of answer) process.stdout.write(text);
  const { promptTokens, cachedTokens } = (await answer).usage;
  console.log(`\n(${promptTokens - cachedTokens} of ${promptTokens} tokens computed)\n`);
}

const session = llama.session();
await ask(session, "Write a Python function that computes the n-th Fibonacci number.");

const saved = JSON.stringify(session);
const later = llama.session(JSON.parse(saved));
await ask(later, "Now in JavaScript.");
await llama.close();
