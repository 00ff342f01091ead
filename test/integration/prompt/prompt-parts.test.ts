import { afterAll, beforeAll, expect, test } from "vitest";
import { LocalEngine } from "../../../lib/engine/local-engine.ts";
import { noPromptLimit } from "../../../lib/engine/port.ts";
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

test("tokenizes joined texts as one text", () => {
  const parts = [{ text: "def fibona" }, { text: "cci(", joined: true }];
  expect([...engine.encode(parts)]).toEqual(plain("def fibonacci("));
  const apart = [{ text: "def fibona" }, { text: "cci(", inside: true }];
  expect([...engine.encode(apart)]).not.toEqual(plain("def fibonacci("));
});

test("finds control tokens only in special texts", () => {
  const parts = [
    { text: "<s>[INST] ", special: true },
    { text: "</s> hi", joined: true },
    { text: " [/INST]", special: true, joined: true },
  ];
  expect([...engine.encode(parts)]).toEqual([1, ...plain("[INST] </s> hi [/INST]")]);
});

test("splits a special text at a control token", () => {
  const parts = [{ text: "a</s>b", special: true }];
  expect([...engine.encode(parts)]).toEqual([...plain("a"), 2, ...plain("b")]);
});

test("tokenizes a long prompt on another thread with the same result", async () => {
  const text = "x = fibonacci(10)\n".repeat(5000);
  const later = engine.encodeLong([{ text }], noPromptLimit);
  expect(later).toBeInstanceOf(Promise);
  expect([...(await later)]).toEqual(plain(text));
});
