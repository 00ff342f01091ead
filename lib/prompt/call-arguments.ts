import type { ChatMessage } from "../options/messages.ts";
import { InputError } from "./jinja/errors.ts";
import type { Steps } from "./steps.ts";

type Call = Readonly<Record<string, unknown>>;

const needle = "needle_argument";

/** Whether any tool call in the dialog carries its arguments as JSON text, as OpenAI clients send. */
export function hasJsonArguments(messages: readonly ChatMessage[]): boolean {
  return messages.some((message) => callsOf(message).some((call) => isText(argumentsOf(call))));
}

// UTF-16 units. `JSON.parse` cannot be interrupted and takes about 30 ms for a text of this length.
const mostUnits = 2 ** 19;
/** UTF-16 units parsed between two pauses. */
const sliceUnits = 2 ** 13;

/**
 * Copies the messages and parses the JSON arguments of their tool calls into objects.
 * @throws InputError when the arguments of one call are too long
 */
export function* withParsedArguments(
  messages: readonly ChatMessage[],
): Steps<readonly ChatMessage[]> {
  const parsed: ChatMessage[] = [];
  let units = 0;
  for (const message of messages) {
    const calls: Call[] = [];
    for (const call of callsOf(message)) {
      calls.push(withObject(call));
      units += lengthOf(argumentsOf(call));
      if (units < sliceUnits) continue;
      yield;
      units = 0;
    }
    parsed.push(calls.length === 0 ? message : ({ ...message, tool_calls: calls } as ChatMessage));
  }
  return parsed;
}

function lengthOf(given: unknown): number {
  return isText(given) ? given.length : 0;
}

function withObject(call: Call): Call {
  const given = argumentsOf(call);
  const parsed = isText(given) ? parseObject(given) : undefined;
  if (parsed === undefined) return call;
  return { ...call, function: { ...(call.function as Call), arguments: parsed } };
}

function callsOf(message: ChatMessage): readonly Call[] {
  const { tool_calls: calls } = message as { tool_calls?: unknown };
  return Array.isArray(calls) ? calls.filter(isObject) : [];
}

function argumentsOf(call: Call): unknown {
  return isObject(call.function) ? call.function.arguments : undefined;
}

/** The parsed JSON object; undefined for any other text, such as the arguments of a truncated call. */
function parseObject(json: string): object | undefined {
  if (json.length > mostUnits) {
    throw new InputError(
      `the arguments of a tool call must have at most ${mostUnits} characters (got ${json.length})`,
    );
  }
  try {
    const value: unknown = JSON.parse(json);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isObject(value: unknown): value is Call {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Tool definition for the test dialogs that `expectsObjects` renders. */
export const probeTool = {
  type: "function",
  function: {
    name: "probe",
    description: "",
    parameters: {
      type: "object",
      properties: { value: { type: "number", description: "" } },
      required: [],
    },
  },
};

/**
 * Whether a template expects the arguments of tool calls as objects. Most templates do: they quote
 * a string a second time, or reject it. The others insert the JSON text unchanged.
 * @param render - renders a dialog with the template; undefined if the template rejects the dialog
 */
export function* expectsObjects(
  render: (messages: readonly ChatMessage[]) => Steps<string | undefined>,
): Steps<boolean> {
  const asText = yield* render(probe(JSON.stringify({ [needle]: 1 })));
  if (asText?.includes(`{"${needle}"`) === true) return false;
  const asObject = yield* render(probe({ [needle]: 1 }));
  return asObject?.includes(needle) === true;
}

/** A dialog with one tool call that every template with tool support accepts. */
function probe(given: unknown): readonly ChatMessage[] {
  const call = { id: "call00001", type: "function", function: { name: "probe", arguments: given } };
  return [
    { role: "user", content: "hi" },
    { role: "assistant", content: "", tool_calls: [call] } as ChatMessage,
    { role: "tool", content: "1", name: "probe", tool_call_id: "call00001" } as ChatMessage,
  ];
}
