// Mounts the same handler in Express, Fastify and Hono, and as a route of Next.js.
// Usage: node examples/server-frameworks.mjs [model.gguf]

import { modelPath } from "codellama-tiny";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import { CodeLlama } from "node-codellama";
import { createHandler, nodeListener } from "node-codellama/server";

const llama = await CodeLlama.load(process.argv[2] ?? modelPath);
const handler = createHandler(llama);

const expressApp = express();
expressApp.use(nodeListener(handler));

const fastifyApp = fastify();
fastifyApp.all("/*", nodeListener(handler));

// Hono, Bun, Deno and other frameworks with web requests and responses.
const honoApp = new Hono();
honoApp.all("/v1/*", (context) => handler(context.req.raw));

// Next.js: export const POST = handler, in app/v1/[...path]/route.ts.
const POST = handler;

const ask = (url) =>
  new Request(new URL("/v1/completions", url), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ prompt: "def fibonacci(n", max_tokens: 8, temperature: 0 }),
  });
const show = async (name, response) =>
  console.log(`${name}: ${(await response.json()).choices[0].text.trimStart()}`);

const expressServer = expressApp.listen(0, "127.0.0.1");
await new Promise((resolve) => expressServer.once("listening", resolve));
await show("Express", await fetch(ask(`http://127.0.0.1:${expressServer.address().port}`)));
expressServer.close();

await show("Fastify", await fetch(ask(await fastifyApp.listen({ port: 0 }))));
await fastifyApp.close();

await show("Hono", await honoApp.fetch(ask("http://localhost")));
await show("Next.js", await POST(ask("http://localhost")));
await llama.close();
