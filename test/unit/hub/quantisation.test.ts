import { describe, expect, test } from "vitest";
import { chooseModel, modelsOf, quantisationOf } from "../../../lib/hub/quantisation.ts";

const files = (...paths: string[]) => paths.map((path) => ({ path }));

test.each([
  ["codellama-7b-instruct.Q4_K_M.gguf", "Q4_K_M"],
  ["Qwen2.5-Coder-7B-Instruct-Q8_0.gguf", "Q8_0"],
  ["gemma-3-270m-it-q4_k_m.gguf", "Q4_K_M"],
  ["model-IQ2_XXS-00001-of-00002.gguf", "IQ2_XXS"],
  ["UD-Q4_K_XL/model-UD-Q4_K_XL.gguf", "UD-Q4_K_XL"],
  ["model-f16.gguf", "F16"],
  ["model.BF16.gguf", "BF16"],
  ["gpt-oss-20b-mxfp4.gguf", "MXFP4"],
  ["model-TQ1_0.gguf", "TQ1_0"],
  ["codellama-7b.gguf", undefined],
  ["Q4.gguf", "Q4"],
])("%s is of type %s", (path, type) => {
  expect(quantisationOf(path)).toBe(type);
});

describe("models of a repository", () => {
  test("are single files and complete sets of parts, in order", () => {
    const models = modelsOf(
      files("b-00002-of-00002.gguf", "b-00001-of-00002.gguf", "a.Q4_0.gguf", "README.md"),
    );
    expect(models.map(({ parts }) => parts.map(({ path }) => path))).toEqual([
      ["b-00001-of-00002.gguf", "b-00002-of-00002.gguf"],
      ["a.Q4_0.gguf"],
    ]);
  });

  test("do not include incomplete sets, projectors and importance matrices", () => {
    expect(
      modelsOf(
        files(
          "c-00001-of-00003.gguf",
          "c-00003-of-00003.gguf",
          "mmproj-f16.gguf",
          "a.imatrix.gguf",
        ),
      ),
    ).toEqual([]);
  });
});

describe("the choice", () => {
  const none = { file: undefined, quantisation: undefined };
  const choose = (choice: object, ...paths: string[]) =>
    chooseModel(files(...paths), { ...none, ...choice }, "org/repo").parts[0].path;

  test("without a wish is Q4_K_M, then Q8_0, then the only one", () => {
    expect(choose({}, "a.Q8_0.gguf", "a.Q4_K_M.gguf")).toBe("a.Q4_K_M.gguf");
    expect(choose({}, "a.Q8_0.gguf", "a.Q2_K.gguf")).toBe("a.Q8_0.gguf");
    expect(choose({}, "a.gguf")).toBe("a.gguf");
    expect(() => choose({}, "a.Q2_K.gguf", "a.Q3_K_S.gguf")).toThrow("one of Q2_K, Q3_K_S");
  });

  test("names any part of a split model", () => {
    const parts = ["a-00001-of-00002.gguf", "a-00002-of-00002.gguf"];
    expect(choose({ file: "a-00002-of-00002.gguf" }, ...parts)).toBe("a-00001-of-00002.gguf");
  });

  test("fails for a repository without GGUF files", () => {
    expect(() => choose({}, "model.safetensors")).toThrow("org/repo has no GGUF model");
  });
});
