import type { ChatMessage } from "../../lib/index.ts";

export interface TemplateDialog {
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly object[];
}

const system: ChatMessage = { role: "system", content: "Be brief.\nAnd kind." };
const question: ChatMessage = { role: "user", content: '  What is 2 + 3? <b>"x"</b> 👩 ü ' };
const answer: ChatMessage = { role: "assistant", content: "It is 5.\n" };
const thanks: ChatMessage = { role: "user", content: "Thanks" };
const thought: ChatMessage = {
  role: "assistant",
  content: "<think>\nTwo and three\n</think>\n\nFive.",
};

const tool = (name: string, properties: object) => ({
  type: "function",
  function: {
    name,
    description: `Does "${name}" & <more>`,
    parameters: { type: "object", properties, required: Object.keys(properties).slice(0, 1) },
  },
});

const tools = [
  tool("add", {
    a: { type: "number", description: "one", default: 1 },
    b: { type: ["integer", "null"], description: "other\nof two" },
  }),
  tool("get_weather", {
    place: { type: "string", enum: ["Berlin", "Ulm"], description: "Where" },
    options: {
      type: "object",
      properties: { unit: { type: "string" }, days: { type: "array", items: { type: "integer" } } },
    },
  }),
];

// Chat templates expect the arguments as an object, not as JSON text.
const call = (id: string, name: string, given: object) => ({
  id,
  type: "function",
  function: { name, arguments: given },
});

const calling = {
  role: "assistant",
  content: "",
  tool_calls: [call("call00001", "add", { a: 2, b: 3 })],
} as ChatMessage;
const callingTwice = {
  role: "assistant",
  content: "Let me see.",
  tool_calls: [
    call("call00001", "add", { a: 2, b: null }),
    call("call00002", "get_weather", { place: "Ulm", options: { days: [1, 2], unit: "°C" } }),
  ],
} as ChatMessage;
const result = (id: string, name: string, content: string) =>
  ({ role: "tool", tool_call_id: id, name, content }) as ChatMessage;

/** One dialog of each kind that chat templates distinguish. */
export const dialogs: ReadonlyMap<string, TemplateDialog> = new Map<string, TemplateDialog>([
  ["a question", { messages: [question] }],
  ["a system text", { messages: [system, question] }],
  ["several turns", { messages: [system, question, answer, thanks] }],
  ["many turns", { messages: [question, answer, thanks, answer, question, thought, thanks] }],
  ["a thought", { messages: [question, thought, thanks] }],
  ["an answer to continue", { messages: [question, { role: "assistant", content: "It is" }] }],
  ["tools", { messages: [system, question], tools }],
  ["a call", { messages: [question, calling, result("call00001", "add", "5")], tools }],
  [
    "calls, results and an answer",
    {
      messages: [
        system,
        question,
        callingTwice,
        result("call00001", "add", '{"sum": 5}'),
        result("call00002", "get_weather", "warm\n"),
        answer,
        thanks,
      ],
      tools,
    },
  ],
  ["a call without tools", { messages: [question, calling, result("call00001", "add", "5")] }],
  [
    "empty texts",
    { messages: [{ role: "user", content: "" }, { ...answer, content: "" }, thanks] },
  ],
]);
