import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { ChatMessage } from "../prompt/dialog.ts";
import { HttpError } from "./http-error.ts";

/** A function that the model may call, in OpenAI's form. */
export const toolSchema = z.object({
  type: z.literal("function"),
  function: z.object({
    name: z.string().regex(/^[\w-]{1,64}$/, "must be 1 to 64 letters, digits, _ or -"),
    description: z.string().nullish(),
    parameters: z.record(z.string(), z.unknown()).nullish(),
  }),
});

export const toolChoiceSchema = z.union(
  [
    z.enum(["none", "auto", "required"]),
    z.object({ type: z.literal("function"), function: z.object({ name: z.string() }) }),
  ],
  { error: 'must be "none", "auto", "required" or { type: "function", function: { name } }' },
);

export type Tool = z.output<typeof toolSchema>;
export type ToolChoice = z.output<typeof toolChoiceSchema>;

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
 * @throws HttpError 400
 */
export function planTools(
  tools: readonly Tool[],
  choice: ToolChoice,
  templateTakesTools: boolean,
): ToolPlan {
  if (tools.length === 0 || choice === "none") return noTools;
  if (choice === "auto") {
    if (templateTakesTools) return { forTemplate: tools, read: readCalls };
    throw new HttpError(
      400,
      "CAPABILITY_MISSING",
      "this model's chat template knows no tools, so it cannot choose one; " +
        'with tool_choice "required", or a function\'s name, it is made to call one',
      { field: "tool_choice" },
    );
  }
  const wanted = choice === "required" ? tools : tools.filter(isNamed(choice.function.name));
  if (wanted.length === 0) {
    throw new HttpError(400, "INVALID_ARGUMENT", "tool_choice: names none of the tools", {
      field: "tool_choice",
    });
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

const written = z.object({
  name: z.string(),
  arguments: z.record(z.string(), z.unknown()).optional(),
  parameters: z.record(z.string(), z.unknown()).optional(),
});

function readCall(json: string): ToolCall | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  const { data } = written.safeParse(value);
  if (data === undefined) return undefined;
  const { name, arguments: given = data.parameters ?? {} } = data;
  return {
    id: `call_${randomUUID().replaceAll("-", "").slice(0, 24)}`,
    type: "function",
    function: { name, arguments: JSON.stringify(given) },
  };
}
