import { newCallId, type ToolCall, ToolCallStream } from "./call-stream.ts";

/** Tool calls found in an answer. */
export interface ParsedCalls {
  readonly calls: readonly ToolCall[];
  /** False when a limit ended the answer inside the arguments of a required call. */
  readonly isComplete: boolean;
}

/** Parses a call that a grammar enforced. A limit may have cut it anywhere after its name. */
export function parseRequiredCall(text: string): ParsedCalls | undefined {
  const stream = new ToolCallStream();
  stream.push(text);
  return stream.call && { calls: [stream.call], isComplete: stream.isComplete };
}

/**
 * Parses calls that the model chose to make. Models write bare JSON (Llama 3) or JSON between
 * `<tool_call>` tags (Hermes). Undefined when any part of the answer is not a call.
 */
export function parseModelCalls(text: string): ParsedCalls | undefined {
  const tagged = textsBetweenTags(text);
  const calls = (tagged.length > 0 ? tagged : [text]).map(parseCall);
  return calls.every((call) => call !== undefined) ? { calls, isComplete: true } : undefined;
}

const [openingTag, closingTag] = ["<tool_call>", "</tool_call>"];

/** Texts between the tags. A lazy regular expression would search for each missing end again. */
function textsBetweenTags(text: string): string[] {
  const found: string[] = [];
  for (let position = 0; ; ) {
    const start = text.indexOf(openingTag, position);
    const end = start < 0 ? -1 : text.indexOf(closingTag, start + openingTag.length);
    if (end < 0) return found;
    found.push(text.slice(start + openingTag.length, end));
    position = end + closingTag.length;
  }
}

function parseCall(json: string): ToolCall | undefined {
  try {
    const { name, arguments: own, parameters } = Object(JSON.parse(json));
    const given = own ?? parameters ?? {};
    if (typeof name !== "string" || typeof given !== "object") return undefined;
    // JSON.stringify throws on nesting that JSON.parse still reads.
    const called = { name, arguments: JSON.stringify(given) };
    return { id: newCallId(), type: "function", function: called };
  } catch {
    return undefined;
  }
}
