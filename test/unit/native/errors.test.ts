import { expect, test } from "vitest";
import { CodeLlamaError, callNative } from "../../../lib/errors.ts";

test("memory that the addon cannot get on the main thread is OUT_OF_MEMORY", () => {
  const call = () =>
    callNative(() => {
      throw new Error("std::bad_alloc");
    });
  expect(call).toThrow(CodeLlamaError);
  expect(call).toThrow(expect.objectContaining({ code: "OUT_OF_MEMORY" }));
});
