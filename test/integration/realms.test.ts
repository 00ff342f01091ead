import { expect, test } from "vitest";
import { runFixture } from "../helpers/child.ts";
import { useTinyModel } from "../helpers/tiny-model.ts";

const model = useTinyModel();

test("the whole API works in a vm context and with values of other realms", async () => {
  const prompt = "def add(a, b):";
  const { text } = await model.llama.generate(prompt, { maxTokens: 3, temperature: 0 });
  const { stdout, stderr, exitCode } = await runFixture("realm-child.mjs");
  expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  expect(JSON.parse(stdout)).toEqual({
    generate: text,
    long: true,
    tokensOfContext: text,
    tokensOfHost: text,
    streamed: text,
    bias: 3,
    biasOfContext: 3,
    beams: 3,
    grammar: "ab",
    infill: true,
    chat: 3,
    session: 3,
    embed: 2,
    perplexity: 2,
    detokenize: prompt,
    wrongToken: { isOurs: true, code: "INVALID_ARGUMENT" },
    missing: { isOurs: true, code: "MODEL_NOT_FOUND" },
    overflow: { isOurs: true, code: "CONTEXT_OVERFLOW" },
    wrongGrammar: { isOurs: true, code: "INVALID_GRAMMAR" },
    // DOMException.TIMEOUT_ERR
    abort: 23,
    foreignAbort: "enough",
    abortedBefore: "enough",
    abortedLoad: "enough",
    abortedConnect: "enough",
  });
});
