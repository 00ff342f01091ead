import { inspect } from "node:util";
import { expect, test } from "vitest";
import { CodeLlamaError } from "../../lib/errors.ts";

test("a console prints an error's code, and nothing that says nothing", () => {
  const printed = inspect(new CodeLlamaError("CLOSED", "it is closed"));
  expect(printed).toMatch(/^CodeLlamaError: it is closed\n/);
  expect(printed.slice(printed.indexOf("{"))).toBe("{\n  code: 'CLOSED'\n}");
});

test("the status of a remote's answer is there where it gave one", () => {
  expect(Object.keys(new CodeLlamaError("CLOSED", "it is closed"))).toEqual(["code"]);
  expect(new CodeLlamaError("REMOTE_FAILED", "refused", { status: 418 }).status).toBe(418);
});
