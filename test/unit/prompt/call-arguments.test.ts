import { describe, expect, test } from "vitest";
import type { ChatMessage } from "../../../lib/index.ts";
import type { PromptPart } from "../../../lib/native/binding.ts";
import { begin, finish, Unfinished } from "../../../lib/prompt/steps.ts";
import { renderTemplate } from "../../../lib/prompt/template.ts";

// Expects the arguments of tool calls as objects: it would quote a string a second time.
const template =
  "{% for m in messages %}{{ m.content }}{% for c in m.tool_calls or [] %}" +
  "{{ c.function.arguments | tojson }}{% endfor %}{% endfor %}";

function rendering(...given: readonly unknown[]) {
  const calls = given.map((each) => ({ function: { name: "f", arguments: each } }));
  const message = { role: "assistant", content: "", tool_calls: calls } as ChatMessage;
  return renderTemplate(template, { messages: [message], bosText: "", eosText: "" }, "chat()");
}

const textOf = (parts: readonly PromptPart[]) =>
  parts.map((part) => (typeof part === "object" ? part.text : "")).join("");

describe("JSON arguments of tool calls", () => {
  test("reach the template as objects", () => {
    expect(textOf(finish(rendering('{"a":[1]}')))).toBe('{"a": [1]}');
  });

  test("are parsed up to the length limit", () => {
    const json = (units: number) => `{"a":"${"x".repeat(units - 8)}"}`;
    expect(textOf(finish(rendering(json(2 ** 19))))).toHaveLength(2 ** 19 + 1);
    expect(() => finish(rendering(json(2 ** 19 + 1)))).toThrow(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        message:
          "chat(): the arguments of a tool call must have at most 524288 characters (got 524289)",
      }),
    );
  });

  test("pause between two calls so that other work can run", () => {
    const json = `{"a":"${"x".repeat(2 ** 14)}"}`;
    expect(begin(rendering("{}"))).not.toBeInstanceOf(Unfinished);
    const steps = rendering(...Array.from({ length: 10 }, () => json));
    let pauses = 0;
    while (steps.next().done !== true) pauses++;
    expect(pauses).toBeGreaterThanOrEqual(10);
  });

  test.each([
    ["a text", (levels: number) => `{"a":${"[".repeat(levels)}${"]".repeat(levels)}}`],
    [
      "an object",
      (levels: number) => JSON.parse(`{"a":${"[".repeat(levels)}${"]".repeat(levels)}}`),
    ],
  ])("that nest too deeply in %s fail with INVALID_ARGUMENT", (_, nested) => {
    expect(textOf(finish(rendering(nested(90))))).toContain("[".repeat(90));
    expect(() => finish(rendering(nested(120)))).toThrow(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        message: "chat(): tools and arguments of tool calls may be nested at most 100 levels deep",
      }),
    );
  });
});
