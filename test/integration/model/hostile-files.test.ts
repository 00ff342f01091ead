import { describe, expect, test } from "vitest";
import { CodeLlama, inspectModel } from "../../../lib/index.ts";
import { writeHostileFiles } from "../../fixtures/hostile-gguf.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { modelPath } from "../../helpers/tiny-model.ts";

const files = writeHostileFiles(modelPath, temporaryFolder());

// In this very process: a file that ended it would end the test run.
describe("a file that is damaged, or lies about itself, is refused", () => {
  test.each(files)("$name", async ({ path, code, message, hasSoundVocabulary }) => {
    const refusal = { code, message: expect.stringMatching(message) };
    await expect(CodeLlama.load(path, { threads: 1 })).rejects.toMatchObject(refusal);
    const vocabularyOnly = CodeLlama.load(path, { vocabularyOnly: true });
    if (hasSoundVocabulary) {
      await using llama = await vocabularyOnly;
      expect(llama.countTokens("def fibonacci(")).toBe(5);
    } else {
      await expect(vocabularyOnly).rejects.toMatchObject(refusal);
    }
    // What cannot be run, but is sound, can still be looked at.
    if (code !== "MODEL_UNSUPPORTED") {
      await expect(inspectModel(path)).rejects.toMatchObject(refusal);
    }
  });
});

test("a good file loads after all of these", async () => {
  await using llama = await CodeLlama.load(modelPath, { threads: 1 });
  const { text } = await llama.generate("def fibonacci(n", { temperature: 0 });
  expect(text).toContain("return a");
});
