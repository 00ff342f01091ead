import { inspect } from "node:util";
import { expect, test } from "vitest";
import { CodeLlamaError, callNative } from "../../lib/errors.ts";

test("a console prints an error's code and no internal properties", () => {
  const printed = inspect(new CodeLlamaError("CLOSED", "it is closed"));
  expect(printed).toMatch(/^CodeLlamaError: it is closed\n/);
  expect(printed.slice(printed.indexOf("{"))).toBe("{\n  code: 'CLOSED'\n}");
});

test("an error has a status only if a remote server answered with one", () => {
  expect(Object.keys(new CodeLlamaError("CLOSED", "it is closed"))).toEqual(["code"]);
  expect(new CodeLlamaError("REMOTE_FAILED", "refused", { status: 418 }).status).toBe(418);
});

test("a failed allocation of the addon on the JavaScript thread becomes OUT_OF_MEMORY", () => {
  const call = () =>
    callNative(() => {
      throw new Error("std::bad_alloc");
    });
  expect(call).toThrow(CodeLlamaError);
  expect(call).toThrow(expect.objectContaining({ code: "OUT_OF_MEMORY" }));
});
