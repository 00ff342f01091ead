import { expect, test } from "vitest";
import { planTools } from "../../../lib/tools/plan.ts";
import { type ToolDialogMessage, writeToolsAsText } from "../../../lib/tools/tool-dialog.ts";

const question: ToolDialogMessage = { role: "user", content: "Add them" };
const call = (id: string, name: string, given: string | object) => ({
  id,
  function: { name, arguments: given },
});
const result = (id: string, content: string): ToolDialogMessage => ({
  role: "tool",
  tool_call_id: id,
  content,
});

test("calls become text of the assistant and results become text of the user", () => {
  const calls = [call("1", "add", '{"a":1}'), call("2", "mute", ""), call("3", "say", { b: '"' })];
  const written = writeToolsAsText([
    { role: "system", content: "Be brief" },
    question,
    { role: "assistant", content: "So:", tool_calls: calls },
    result("1", "3"),
    result("2", "done"),
    result("3", ""),
    { role: "user", content: "And now?" },
    { role: "assistant", content: "", tool_calls: [call("4", "add", '{"a":')] },
    result("4", "no"),
    result("1", "again"),
  ]);
  expect(written).toEqual([
    { role: "system", content: "Be brief" },
    question,
    {
      role: "assistant",
      content:
        'So:\n{"name": "add", "arguments": {"a":1}}\n{"name": "mute", "arguments": {}}\n' +
        '{"name": "say", "arguments": {"b":"\\""}}',
    },
    {
      role: "user",
      content:
        "The function add returned: 3\nThe function mute returned: done\n" +
        "The function say returned: \n\nAnd now?",
    },
    { role: "assistant", content: '{"name": "add", "arguments": {"a":' + "}" },
    { role: "user", content: "The function add returned: no\nThe function add returned: again" },
  ]);
});

test("a result needs its own name or an earlier call with its id", () => {
  const named = { ...result("9", "3"), name: "add" };
  expect(writeToolsAsText([named])).toEqual([
    { role: "user", content: "The function add returned: 3" },
  ]);
  for (const stray of [result("9", "3"), { role: "tool", content: "3" } as const]) {
    expect(() => writeToolsAsText([question, stray])).toThrow(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        message: expect.stringContaining("messages[1].tool_call_id"),
      }),
    );
  }
});

test("dialogs stay unchanged without tools or with a template that supports tools", () => {
  const plain = [question, { role: "assistant", content: "3" } as const, question];
  expect(writeToolsAsText(plain)).toEqual(plain);
  const dialog = [question, { ...result("1", "3"), name: "add" }];
  expect(planTools([], "auto", true).toDialog(dialog)).toEqual(dialog);
  expect(planTools([], "auto", false).toDialog(dialog)).toHaveLength(2);
});

test("calls that the model chose are parsed in one pass", () => {
  const tool = { type: "function", function: { name: "f" } } as const;
  const { parseCalls } = planTools([tool], "auto", true);
  const call = '<tool_call>\n{"name": "f", "arguments": {"a": 1}}\n</tool_call>';
  expect(parseCalls(`So: ${call}\n${call}`)?.calls.map((each) => each.function)).toEqual([
    { name: "f", arguments: '{"a":1}' },
    { name: "f", arguments: '{"a":1}' },
  ]);
  // Quadratic time would take hours.
  expect(parseCalls("<tool_call>".repeat(1_000_000))).toBeUndefined();
});
