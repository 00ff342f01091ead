import { expect, test } from "vitest";
import {
  infillOfMark,
  infillOfTemplate,
  spellsInfill,
} from "../../../../lib/server/fields/infill-template.ts";
import { Random } from "../../../helpers/random.ts";

test.each([
  ["<PRE> a <SUF>b <MID>", { prefix: "a", suffix: "b", order: "psm" }],
  ["<PRE>  <SUF> <MID>", { prefix: "", suffix: "", order: "psm" }],
  ["<PRE> a <SUF>b <SUF>c <MID> <MID>", { prefix: "a", suffix: "b <SUF>c <MID>", order: "psm" }],
  ["<PRE> <SUF>b <MID> a", { prefix: "a", suffix: "b", order: "spm" }],
  ["<PRE> <SUF>b <MID>x <MID> a", { prefix: "a", suffix: "b <MID>x", order: "spm" }],
  ["<PRE> <SUF> <MID> ", { prefix: "", suffix: "", order: "spm" }],
  ["<PRE> <SUF>b <MID>", undefined],
  ["<PRE> a <SUF>b <MID> c", undefined],
  ["<PRE> a <MID>", undefined],
  [" <PRE> a <SUF>b <MID>", undefined],
  ["<fim_prefix>a<fim_suffix>b<fim_middle>", { prefix: "a", suffix: "b", order: "psm" }],
  ["<fim_prefix><fim_suffix>b<fim_middle>a", { prefix: "a", suffix: "b", order: "spm" }],
  ["<fim_suffix>b<fim_prefix>a<fim_middle>", { prefix: "a", suffix: "b", order: "spm" }],
  ["<|fim_prefix|>a\n<|fim_suffix|><|fim_middle|>", { prefix: "a\n", suffix: "", order: "psm" }],
  ["<|fim_suffix|>b<|fim_prefix|><|fim_middle|>", { prefix: "", suffix: "b", order: "spm" }],
  ["<｜fim▁begin｜>a<｜fim▁hole｜>b<｜fim▁end｜>", { prefix: "a", suffix: "b", order: "psm" }],
  ["<fim_prefix>a<|fim_suffix|>b<fim_middle>", undefined],
  ["<fim_prefix>a<fim_suffix>b<fim_middle>c", undefined],
])("%j has the hole %j", (prompt, hole) => {
  expect(infillOfTemplate(prompt)).toEqual(hole);
});

test("prompts built from marks give the result of the format's grammar", () => {
  const random = new Random(3);
  const marks = ["<PRE>", "<SUF>", "<MID>", " ", "a", "\n"];
  for (let trial = 0; trial < 20_000; trial++) {
    const count = 1 + Math.floor(random.next() * 9);
    const pieces = Array.from({ length: count }, () => marks[Math.floor(random.next() * 6)]);
    const prompt = `<PRE> ${pieces.join("")}`;
    const [, suffix, prefix] = /^<PRE> <SUF>([\s\S]*?) <MID>(?: ([\s\S]*))?$/.exec(prompt) ?? [];
    const [, before, after] = /^<PRE> ([\s\S]*?) <SUF>([\s\S]*) <MID>$/.exec(prompt) ?? [];
    const expected =
      prefix !== undefined
        ? { suffix, prefix, order: "spm" }
        : before !== undefined
          ? { prefix: before, suffix: after, order: "psm" }
          : undefined;
    expect(infillOfTemplate(prompt), prompt).toEqual(expected);
  }
});

test.each([
  ["<SUF> without an end", `<PRE> ${" <SUF>".repeat(500_000)}`],
  ["<MID> inside the suffix", `<PRE> <SUF>${" <MID>x".repeat(500_000)}`],
  ["<PRE> without an end", "<PRE> ".repeat(500_000)],
])("handles a million marks in linear time: %s", (_, prompt) => {
  expect(infillOfTemplate(prompt)).toBeUndefined();
});

test.each([
  ["a <FILL_ME>b", { prefix: "a ", suffix: "b" }, true],
  ["<FILL_ME>", { prefix: "", suffix: "" }, true],
  ["a<FILL_ME>b<FILL_ME>c", undefined, true],
  ["a <FILL> b", undefined, false],
  ["<|repo_name|>r<|fim_prefix|>a<|fim_suffix|>b<|fim_middle|>", undefined, true],
  ["<PRE> is an element of HTML", undefined, false],
])("%j has the hole %j and spells marks: %j", (prompt, hole, spells) => {
  expect(infillOfMark(prompt)).toEqual(hole);
  expect(spellsInfill(prompt)).toBe(spells);
});
