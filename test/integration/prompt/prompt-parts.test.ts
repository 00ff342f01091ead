import { afterAll, beforeAll, expect, test } from "vitest";
import { LocalEngine } from "../../../lib/engine/local-engine.ts";
import { nativeLoadOptions } from "../../../lib/options/load.ts";
import { modelPath } from "../../helpers/tiny-model.ts";

let engine: LocalEngine;
beforeAll(async () => {
  const options = nativeLoadOptions(modelPath, { contextSize: 4096, threads: 1 });
  engine = await LocalEngine.start(options, undefined, undefined);
});
afterAll(async () => {
  await engine.close();
});

const plain = (text: string) => [...engine.tokenize(text, false, false)];

test("texts that are joined are tokenised as one", () => {
  const parts = [{ text: "def fibona" }, { text: "cci(", joined: true }];
  expect([...engine.encode(parts)]).toEqual(plain("def fibonacci("));
  const apart = [{ text: "def fibona" }, { text: "cci(", inside: true }];
  expect([...engine.encode(apart)]).not.toEqual(plain("def fibonacci("));
});

test("control tokens are only found where they are looked for", () => {
  const parts = [
    { text: "<s>[INST] ", special: true },
    { text: "</s> hi", joined: true },
    { text: " [/INST]", special: true, joined: true },
  ];
  expect([...engine.encode(parts)]).toEqual([1, ...plain("[INST] </s> hi [/INST]")]);
});

test("a control token between texts ends the one and begins the other", () => {
  const parts = [{ text: "a</s>b", special: true }];
  expect([...engine.encode(parts)]).toEqual([...plain("a"), 2, ...plain("b")]);
});

test("long prompts are tokenised elsewhere, with the same tokens", async () => {
  const text = "x = fibonacci(10)\n".repeat(5000);
  const later = engine.encodePrompt([{ text }]);
  expect(later).toBeInstanceOf(Promise);
  expect([...(await later)]).toEqual(plain(text));
});
