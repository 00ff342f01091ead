import { invalidArgument } from "../base/arguments.ts";
import { CodeLlamaError } from "../errors.ts";
import type { Capabilities } from "../model/capabilities.ts";
import type { ChatMessage } from "../options/messages.ts";
import { takesTools } from "../prompt/template.ts";
import { callSchema } from "./call-schema.ts";
import { newCallId, type ToolCall, ToolCallStream } from "./call-stream.ts";
import { type ToolDialogMessage, tellTools } from "./results.ts";

/** A function that the model may call, in OpenAI's form. */
export interface Tool {
  readonly type: "function";
  readonly function: {
    readonly name: string;
    readonly description?: string | null | undefined;
    /** A JSON schema of an object; none is an empty list. */
    readonly parameters?: object | null | undefined;
  };
}

/** Whether the model has to call one, and which, in OpenAI's form. */
export type ToolChoice =
  | "none"
  | "auto"
  | "required"
  | { readonly type: "function"; readonly function: { readonly name: string } };

/** Calls that an answer is. */
export interface ReadCalls {
  readonly calls: readonly ToolCall[];
  /** Whether the arguments are complete: a limit may cut a demanded call short after its name. */
  readonly isWhole: boolean;
}

/** What tools ask of a chat. */
export interface ToolPlan {
  /** The definitions, for the model's own template. */
  readonly forTemplate?: readonly object[];
  /** What an answer has to be where a call is asked for. */
  readonly jsonSchema?: object;
  /**
   * The dialog as the model can read it, see `tellTools`, and with what it is told of the tools.
   * @throws CodeLlamaError `INVALID_ARGUMENT`
   */
  dialog(messages: readonly ToolDialogMessage[]): readonly ChatMessage[];
  /** Takes calls out of an answer; undefined where it is just text. */
  read(text: string): ReadCalls | undefined;
}

/** The facts about a model that decide how it can call tools. */
export interface ChatModel {
  readonly capabilities: Pick<Capabilities, "chatFormat">;
  readonly model: { readonly chatTemplate: string };
}

/** Whether a model's dialogs have a place for tools. */
export function knowsTools({ capabilities, model }: ChatModel): boolean {
  return capabilities.chatFormat === "template" && takesTools(model.chatTemplate);
}

/**
 * How a model gets to call tools. Where a call is demanded, a grammar sees to it, with any model;
 * where it is up to the model, its chat template must know of tools.
 * @throws CodeLlamaError `CAPABILITY_MISSING`, `INVALID_ARGUMENT`
 */
export function planTools(
  tools: readonly Tool[],
  choice: ToolChoice,
  modelKnowsTools: boolean,
): ToolPlan {
  const dialog = modelKnowsTools ? (messages: readonly ToolDialogMessage[]) => messages : tellTools;
  if (tools.length === 0 || choice === "none") return { dialog, read: () => undefined };
  if (choice === "auto") {
    if (modelKnowsTools) return { forTemplate: tools, dialog, read: readChosen };
    throw new CodeLlamaError(
      "CAPABILITY_MISSING",
      "tool choice: this model's chat template knows no tools, so it cannot choose one; where a call " +
        'is required, or a function named, it is made to call one, and with "none" it answers in text',
    );
  }
  const wanted = choice === "required" ? tools : tools.filter(isNamed(choice.function.name));
  if (wanted.length === 0) {
    throw invalidArgument("tool choice: names none of the tools");
  }
  const demanded = {
    jsonSchema: callSchema(wanted.map(({ function: each }) => each)),
    read: readDemanded,
  };
  if (modelKnowsTools) return { ...demanded, forTemplate: wanted, dialog };
  const instruction = instructionFor(wanted);
  return {
    ...demanded,
    dialog: (messages) => withInstruction(dialog(messages), instruction),
  };
}

/** Reads the call that an answer has to be; undefined where none is demanded. */
export function demandedCall({ jsonSchema }: ToolPlan): ToolCallStream | undefined {
  return jsonSchema === undefined ? undefined : new ToolCallStream();
}

/** Whether only an answer's end shows what it is: where the model may choose to call a tool. */
export function isOpen({ forTemplate, jsonSchema }: ToolPlan): boolean {
  return jsonSchema === undefined && forTemplate !== undefined;
}

/** The dialog with an instruction in its system text. */
function withInstruction(
  messages: readonly ChatMessage[],
  instruction: string,
): readonly ChatMessage[] {
  const [first, ...rest] = messages;
  if (first?.role !== "system") return [{ role: "system", content: instruction }, ...messages];
  return [{ ...first, content: `${first.content}\n\n${instruction}` }, ...rest];
}

const isNamed = (name: string) => (tool: Tool) => tool.function.name === name;

function instructionFor(tools: readonly Tool[]): string {
  const lines = tools.map(({ function: each }) => JSON.stringify(each));
  return `Call one of these functions: answer with JSON, {"name": …, "arguments": …}.\n${lines.join("\n")}`;
}

/** A call as a grammar enforces it, whole or not. */
function readDemanded(text: string): ReadCalls | undefined {
  const stream = new ToolCallStream();
  stream.push(text);
  return stream.call && { calls: [stream.call], isWhole: stream.isWhole };
}

/**
 * Calls in the forms that models write them in: bare JSON, as Llama 3 has it, or between
 * `<tool_call>` tags, as models of the Hermes kind do.
 */
function readChosen(text: string): ReadCalls | undefined {
  const tagged = betweenTags(text);
  const calls = (tagged.length > 0 ? tagged : [text]).map(readCall);
  return calls.every((call) => call !== undefined) ? { calls, isWhole: true } : undefined;
}

const [opening, closing] = ["<tool_call>", "</tool_call>"];

/** Texts between tags, in one pass: a lazy regular expression looks for each missing end anew. */
function betweenTags(text: string): string[] {
  const found: string[] = [];
  for (let place = 0; ; ) {
    const start = text.indexOf(opening, place);
    const end = start < 0 ? -1 : text.indexOf(closing, start + opening.length);
    if (end < 0) return found;
    found.push(text.slice(start + opening.length, end));
    place = end + closing.length;
  }
}

function readCall(json: string): ToolCall | undefined {
  try {
    const { name, arguments: own, parameters } = Object(JSON.parse(json));
    const given = own ?? parameters ?? {};
    if (typeof name !== "string" || typeof given !== "object") return undefined;
    // Nesting that JSON.parse reads can be too deep to be written again.
    const called = { name, arguments: JSON.stringify(given) };
    return { id: newCallId(), type: "function", function: called };
  } catch {
    return undefined;
  }
}
