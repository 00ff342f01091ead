import { invalidArgument } from "../base/arguments.ts";
import { CodeLlamaError } from "../errors.ts";
import type { PromptPart } from "../native/binding.ts";
import type { ChatMessage } from "../options/messages.ts";
import {
  expectsObjects,
  hasJsonArguments,
  probeTool,
  withParsedArguments,
} from "./call-arguments.ts";
import { Budget } from "./jinja/budget.ts";
import { InputError, LimitError, TemplateError, TemplateSyntaxError } from "./jinja/errors.ts";
import { render } from "./jinja/interpreter.ts";
import { parseTemplate } from "./jinja/syntax/statements.ts";
import type { Block } from "./jinja/syntax/tree.ts";
import { inputValue } from "./jinja/values/from-data.ts";
import { Text } from "./jinja/values/text.ts";
import { Dict, List, type Value } from "./jinja/values/values.ts";
import type { Steps } from "./steps.ts";

/** The variables of a chat template. */
export interface TemplateInput {
  readonly messages: readonly ChatMessage[];
  /** Tool definitions in OpenAI's format. */
  readonly tools?: readonly object[] | undefined;
  readonly bosText: string;
  readonly eosText: string;
}

/** Whether a template uses tool definitions. */
export function takesTools(source: string): boolean {
  return /\btools\b/.test(source);
}

/**
 * Renders a dialog with the chat template of a GGUF file and returns prompt parts. Only text from
 * the template itself can become control tokens. Text from messages and tools never does, whatever
 * the template does to it.
 * @throws CodeLlamaError `INVALID_ARGUMENT` with the template's message if it rejects the dialog, or
 *   if the dialog is too large; `MODEL_UNSUPPORTED` if the template is broken or exceeds its budget
 */
export function* renderTemplate(
  source: string,
  input: TemplateInput,
  where: string,
): Steps<PromptPart[]> {
  try {
    const { messages } = input;
    const parses = hasJsonArguments(messages) && (yield* takesObjects(source, input));
    const parsed = parses ? yield* withParsedArguments(messages) : messages;
    const rendered = yield* renderText(source, { ...input, messages: parsed });
    return rendered.runs().map(({ text, isInput }) => ({
      text,
      joined: true,
      ...(isInput ? {} : { special: true }),
    }));
  } catch (error) {
    throw typedError(error, where);
  }
}

function* renderText(source: string, input: TemplateInput): Steps<Text> {
  const budget = new Budget();
  return yield* render(compile(source), yield* variables(input, budget), budget);
}

const objectArguments = new WeakMap<Block, boolean>();

/** Whether the template expects the arguments of tool calls as objects. Cached for each template. */
function* takesObjects(source: string, { bosText, eosText }: TemplateInput): Steps<boolean> {
  const template = compile(source);
  const known = objectArguments.get(template);
  if (known !== undefined) return known;
  const found = yield* expectsObjects(function* (messages) {
    try {
      const rendered = yield* renderText(source, {
        messages,
        tools: [probeTool],
        bosText,
        eosText,
      });
      return rendered.value;
    } catch {
      return undefined;
    }
  });
  objectArguments.set(template, found);
  return found;
}

function* variables(
  { messages, tools, bosText, eosText }: TemplateInput,
  budget: Budget,
): Steps<Map<string, Value>> {
  const dialog: Value[] = [];
  for (const message of messages) dialog.push(yield* messageValue(message, budget));
  return new Map<string, Value>([
    ["messages", new List(dialog)],
    ["tools", yield* inputValue(tools ?? null, budget)],
    ["documents", null],
    ["bos_token", new Text(bosText)],
    ["eos_token", new Text(eosText)],
    ["add_generation_prompt", true],
  ]);
}

/**
 * Converts a message like transformers: without the fields that are null. The role counts as text of
 * the template, because templates build control tokens from it. That is safe: roles are checked
 * against a fixed list.
 */
function* messageValue({ role, ...rest }: ChatMessage, budget: Budget): Steps<Value> {
  const message = new Dict();
  message.set(new Text("role"), new Text(role));
  for (const [name, value] of Object.entries(rest)) {
    if (value == null) continue;
    message.set(Text.ofInput(name), yield* inputValue(value, budget));
  }
  return message;
}

const compiled = new Map<string, Block>();
const mostCompiled = 8;

/** Parses a template, or returns it from a small cache: a process uses few models. */
function compile(source: string): Block {
  const known = compiled.get(source);
  if (known !== undefined) return known;
  const template = parseTemplate(source);
  const [oldest] = compiled.keys();
  if (oldest !== undefined && compiled.size >= mostCompiled) compiled.delete(oldest);
  compiled.set(source, template);
  return template;
}

function typedError(error: unknown, where: string): unknown {
  if (error instanceof TemplateError) {
    // The template's message may quote a chat message of any length.
    const reason = error.message.slice(0, 500);
    return invalidArgument(`${where}: the model's chat template rejects the dialog: ${reason}`);
  }
  if (error instanceof InputError) return invalidArgument(`${where}: ${error.message}`);
  if (error instanceof TemplateSyntaxError || error instanceof LimitError) return broken(error);
  // A nested template can overflow the stack when its caller is already deep in the stack.
  return error instanceof RangeError ? broken(new Error("it is nested too deeply")) : error;
}

function broken(error: Error): CodeLlamaError {
  return new CodeLlamaError(
    "MODEL_UNSUPPORTED",
    `the model's chat template cannot be used: ${error.message}`,
  );
}
