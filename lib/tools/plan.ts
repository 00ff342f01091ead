import { invalidArgument } from "../base/arguments.ts";
import { CodeLlamaError } from "../errors.ts";
import type { Capabilities } from "../model/capabilities.ts";
import type { ChatMessage } from "../options/messages.ts";
import { takesTools } from "../prompt/template.ts";
import { callSchema } from "./call-schema.ts";
import { type ParsedCalls, parseModelCalls, parseRequiredCall } from "./parse-calls.ts";
import { type ToolDialogMessage, writeToolsAsText } from "./tool-dialog.ts";

/** Function that the model may call, in OpenAI's format. */
export interface Tool {
  readonly type: "function";
  readonly function: {
    readonly name: string;
    readonly description?: string | null | undefined;
    /** JSON schema of an object. null or undefined = the function takes no arguments. */
    readonly parameters?: object | null | undefined;
  };
}

/** OpenAI's `tool_choice`: whether the model must call a tool, and which one. */
export type ToolChoice =
  | "none"
  | "auto"
  | "required"
  | { readonly type: "function"; readonly function: { readonly name: string } };

/** How the tools of one chat change its prompt and its answer. */
export interface ToolPlan {
  /**
   * `"none"`: the answer is text. `"auto"`: the model decides between text and calls, so only the
   * end of the answer shows which it is. `"required"`: a grammar makes the answer one call.
   */
  readonly mode: "none" | "auto" | "required";
  /** Tool definitions for the model's chat template. Set in mode `"auto"` only. */
  readonly templateTools?: readonly object[];
  /** Schema that the answer must follow. Set in mode `"required"` only. */
  readonly jsonSchema?: object;
  /**
   * Returns the dialog in the form that the model's chat template can render. In mode `"required"`
   * the system message also describes the tools.
   * @throws CodeLlamaError `INVALID_ARGUMENT`
   */
  toDialog(messages: readonly ToolDialogMessage[]): readonly ChatMessage[];
  /** Returns the calls in a whole answer. Undefined when the answer is plain text. */
  parseCalls(text: string): ParsedCalls | undefined;
}

/** The facts about a model that decide how it can call tools. */
export interface ChatModel {
  readonly capabilities: Pick<Capabilities, "chatFormat">;
  readonly model: { readonly chatTemplate: string };
}

/** Whether the model's chat template renders tools. */
export function supportsTools({ capabilities, model }: ChatModel): boolean {
  return capabilities.chatFormat === "template" && takesTools(model.chatTemplate);
}

/**
 * Decides how a model calls the tools of one chat. A grammar enforces a required call, with any
 * model. For a free choice the model's chat template must render tools.
 * @throws CodeLlamaError `CAPABILITY_MISSING`, `INVALID_ARGUMENT`
 */
export function planTools(
  tools: readonly Tool[],
  choice: ToolChoice,
  modelSupportsTools: boolean,
): ToolPlan {
  const toDialog = modelSupportsTools
    ? (messages: readonly ToolDialogMessage[]) => messages
    : writeToolsAsText;
  if (tools.length === 0 || choice === "none") {
    return { mode: "none", toDialog, parseCalls: () => undefined };
  }
  if (choice === "auto") {
    if (!modelSupportsTools) throw cannotChoose();
    return { mode: "auto", templateTools: tools, toDialog, parseCalls: parseModelCalls };
  }
  const all = tools.map((tool, index) => ({ ...tool.function, index }));
  const callable =
    choice === "required" ? all : all.filter(({ name }) => name === choice.function.name);
  if (callable.length === 0) {
    throw invalidArgument(
      `tool choice: there is no tool named ${JSON.stringify(nameOf(choice))}; ` +
        `the tools are ${tools.map((tool) => tool.function.name).join(", ")}`,
    );
  }
  const instruction = instructionFor(callable.map(({ index: _, ...described }) => described));
  return {
    mode: "required",
    jsonSchema: callSchema(callable),
    toDialog: (messages) => addInstruction(toDialog(messages), instruction),
    parseCalls: parseRequiredCall,
  };
}

function cannotChoose(): CodeLlamaError {
  return new CodeLlamaError(
    "CAPABILITY_MISSING",
    "tool choice: this model's chat template does not support tools, so the model cannot choose one; " +
      'use "required" or name a function to force a call, or "none" for an answer in text',
  );
}

function nameOf(choice: ToolChoice): string {
  return typeof choice === "string" ? choice : choice.function.name;
}

/** Appends the instruction to the system message, or adds a system message. */
function addInstruction(
  messages: readonly ChatMessage[],
  instruction: string,
): readonly ChatMessage[] {
  const [first, ...rest] = messages;
  if (first?.role !== "system") return [{ role: "system", content: instruction }, ...messages];
  return [{ ...first, content: `${first.content}\n\n${instruction}` }, ...rest];
}

function instructionFor(functions: readonly Tool["function"][]): string {
  const lines = functions.map((each) => JSON.stringify(each));
  return `Call one of these functions: answer with JSON, {"name": …, "arguments": …}.\n${lines.join("\n")}`;
}
