import { randomUUID } from "node:crypto";
import { CodeLlamaError } from "./errors.ts";
import { invalidArgument } from "./options/check.ts";
import type { ChatMessage } from "./prompt/dialog.ts";

/** A function that the model may call, in OpenAI's form. */
export interface Tool {
  readonly type: "function";
  readonly function: {
    readonly name: string;
    readonly description?: string | null | undefined;
    /** A JSON schema; none is any object. */
    readonly parameters?: object | null | undefined;
  };
}

/** Whether the model has to call one, and which, in OpenAI's form. */
export type ToolChoice =
  | "none"
  | "auto"
  | "required"
  | { readonly type: "function"; readonly function: { readonly name: string } };

export interface ToolCall {
  readonly id: string;
  readonly type: "function";
  readonly function: { readonly name: string; readonly arguments: string };
}

/** What tools ask of a chat. */
export interface ToolPlan {
  /** The definitions, for the model's own template. */
  readonly forTemplate?: readonly object[];
  /** Said to models whose template knows nothing of tools. */
  readonly instruction?: string;
  /** What an answer has to be where a call is asked for. */
  readonly jsonSchema?: object;
  /** Takes calls out of an answer; undefined where it is just text. */
  read(text: string): ToolCall[] | undefined;
}

const noTools: ToolPlan = { read: () => undefined };

/**
 * How a model gets to call tools. Where a call is demanded, a grammar sees to it, with any model;
 * where it is up to the model, its chat template must know of tools.
 * @throws CodeLlamaError `CAPABILITY_MISSING`, `INVALID_ARGUMENT`
 */
export function planTools(
  tools: readonly Tool[],
  choice: ToolChoice,
  templateTakesTools: boolean,
): ToolPlan {
  if (tools.length === 0 || choice === "none") return noTools;
  if (choice === "auto") {
    if (templateTakesTools) return { forTemplate: tools, read: readCalls };
    throw new CodeLlamaError(
      "CAPABILITY_MISSING",
      "tool choice: this model's chat template knows no tools, so it cannot choose one; where a call " +
        "is required, or a function named, it is made to call one",
    );
  }
  const wanted = choice === "required" ? tools : tools.filter(isNamed(choice.function.name));
  if (wanted.length === 0) {
    throw invalidArgument("tool choice: names none of the tools");
  }
  return {
    ...(templateTakesTools ? { forTemplate: wanted } : { instruction: instructionFor(wanted) }),
    jsonSchema: callSchema(wanted),
    read: readCalls,
  };
}

/** The dialog with an instruction in its system text. */
export function withInstruction(
  messages: readonly ChatMessage[],
  instruction: string | undefined,
): readonly ChatMessage[] {
  if (instruction === undefined) return messages;
  const [first, ...rest] = messages;
  if (first?.role !== "system") return [{ role: "system", content: instruction }, ...messages];
  return [{ ...first, content: `${first.content}\n\n${instruction}` }, ...rest];
}

export function newCallId(): string {
  return `call_${randomUUID().replaceAll("-", "").slice(0, 24)}`;
}

const isNamed = (name: string) => (tool: Tool) => tool.function.name === name;

function callSchema(tools: readonly Tool[]): object {
  const schemas = tools.map(({ function: { name, parameters } }) => ({
    type: "object",
    properties: { name: { const: name }, arguments: parameters ?? { type: "object" } },
    required: ["name", "arguments"],
    additionalProperties: false,
  }));
  const [only] = schemas;
  return only !== undefined && schemas.length === 1 ? only : { anyOf: schemas };
}

function instructionFor(tools: readonly Tool[]): string {
  const lines = tools.map(({ function: each }) => JSON.stringify(each));
  return `Call one of these functions: answer with JSON, {"name": …, "arguments": …}.\n${lines.join("\n")}`;
}

/**
 * Calls in the forms that models write them in: bare JSON, as it is enforced and as Llama 3 has it,
 * or between `<tool_call>` tags, as models of the Hermes kind do.
 */
function readCalls(text: string): ToolCall[] | undefined {
  const tagged = [...text.matchAll(/<tool_call>([\s\S]*?)<\/tool_call>/g)].map(([, json]) => json);
  const calls = (tagged.length > 0 ? tagged : [text]).map((json) => readCall(json ?? ""));
  return calls.every((call) => call !== undefined) ? calls : undefined;
}

function readCall(json: string): ToolCall | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { name, arguments: own, parameters } = value as Record<string, unknown>;
  const given = own ?? parameters ?? {};
  if (typeof name !== "string" || typeof given !== "object") return undefined;
  return {
    id: newCallId(),
    type: "function",
    function: { name, arguments: JSON.stringify(given) },
  };
}
