import { describe, expect, test } from "vitest";
import { CodeLlama, inspectModel } from "../../../lib/index.ts";
import { writeHostileFiles } from "../../fixtures/hostile-gguf.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { modelPath } from "../../helpers/tiny-model.ts";

const files = writeHostileFiles(modelPath, temporaryFolder());

// The test loads the files in its own process: a file that ends the process fails the test run.
describe("rejects a damaged or lying model file", () => {
  test.each(files)("$name", async ({ path, code, message, hasValidVocabulary }) => {
    const refusal = { code, message: expect.stringMatching(message) };
    await expect(CodeLlama.load(path, { threads: 1 })).rejects.toMatchObject(refusal);
    const vocabularyOnly = CodeLlama.load(path, { vocabularyOnly: true });
    if (hasValidVocabulary) {
      await using llama = await vocabularyOnly;
      expect(llama.countTokens("def fibonacci(")).toBe(5);
    } else {
      await expect(vocabularyOnly).rejects.toMatchObject(refusal);
    }
    // A valid file that cannot run can still be inspected.
    if (code !== "MODEL_UNSUPPORTED") {
      await expect(inspectModel(path)).rejects.toMatchObject(refusal);
    }
  });
});

test("a valid file loads after all rejected files", async () => {
  await using llama = await CodeLlama.load(modelPath, { threads: 1 });
  const { text } = await llama.generate("def fibonacci(n", { temperature: 0 });
  expect(text).toContain("return a");
});
