import { createRequire } from "node:module";
import { createContext, runInContext } from "node:vm";
import { CodeLlamaError } from "../errors.ts";
import { invalidArgument } from "../options/check.ts";
import type { ChatMessage } from "./dialog.ts";
import type { PromptPart } from "./parts.ts";

/** What a template may use beside the messages. */
export interface TemplateInput {
  readonly messages: readonly ChatMessage[];
  /** OpenAI's tool definitions. */
  readonly tools?: readonly object[] | undefined;
  readonly bosText: string;
  readonly eosText: string;
}

// A template comes with the file, and may be anything.
const timeLimit = 1000; // ms

// Pairs of private-use characters, of which no message has both.
const marks = ["\uf8f0\uf8f1", "\uf8f2\uf8f3", "\uf8f4\uf8f5"] as const;

/** Whether a template does anything with tool definitions. */
export function takesTools(source: string): boolean {
  return /\btools\b/.test(source);
}

/**
 * A dialog as the chat template of a GGUF file has it, in parts: control tokens are only looked for
 * in what the template itself says, never in a message.
 * @param spellsControlToken - whether a text, taken special, holds control tokens
 * @throws CodeLlamaError `INVALID_ARGUMENT` with the template's own words where it refuses the
 *   dialog, and for control tokens where they cannot be told apart; `MODEL_UNSUPPORTED` where the
 *   template is broken
 */
export function renderTemplate(
  source: string,
  input: TemplateInput,
  spellsControlToken: (text: string) => boolean,
  where: string,
): PromptPart[] {
  checkSetting(input, spellsControlToken, where);
  const render = compile(source);
  const plain = render(input, where);
  for (const change of [(text: string) => text, (text: string) => text.trim()]) {
    const parts = renderMarked(render, input, plain, change, where);
    if (parts !== undefined) return parts;
  }
  // The template takes messages apart, so its words and theirs cannot be told from each other. That
  // is no harm as long as the messages spell no control tokens.
  const index = input.messages.findIndex(({ content }) => spellsControlToken(content));
  if (index >= 0) {
    throw invalidArgument(
      `${where}: messages[${index}] spells a control token, and this model's chat template takes ` +
        "messages apart in a way that does not let it stay plain text",
    );
  }
  return [{ text: plain, special: true }];
}

/**
 * What stands around the messages' texts (names and arguments of calls, definitions of tools) is
 * told as the template's own words, so that it may spell no control tokens.
 */
function checkSetting(
  { messages, tools = [] }: TemplateInput,
  spellsControlToken: (text: string) => boolean,
  where: string,
): void {
  const spells = (value: unknown) => spellsControlToken(stringsIn(value).join("\n"));
  const index = messages.findIndex(({ content: _, role: __, ...rest }) => spells(rest));
  if (index >= 0) {
    throw invalidArgument(`${where}: messages[${index}] spells a control token beside its content`);
  }
  if (spells(tools)) throw invalidArgument(`${where}: a tool's definition spells a control token`);
}

/** All texts and names in a value. */
function stringsIn(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, each]) => [name, ...stringsIn(each)]);
}

type Render = (input: TemplateInput, where: string) => string;

/** Renders with marks around each message's text; undefined where that changes the outcome. */
function renderMarked(
  render: Render,
  input: TemplateInput,
  plain: string,
  change: (text: string) => string,
  where: string,
): PromptPart[] | undefined {
  const contents = input.messages.map(({ content }) => content);
  const [open, close] = marks.find(([a, b]) => !contents.some((text) => has(text, a, b))) ?? [];
  if (open === undefined || close === undefined) return undefined;
  const messages = input.messages.map((message) => ({
    ...message,
    content: open + change(message.content) + close,
  }));
  let marked: string;
  try {
    marked = render({ ...input, messages }, where);
  } catch {
    return undefined;
  }
  const parts: PromptPart[] = [];
  let text = "";
  for (const [index, segment] of marked.split(open).entries()) {
    const end = segment.indexOf(close);
    if (index === 0 ? end >= 0 : end < 0 || end !== segment.lastIndexOf(close)) return undefined;
    const [user, own] =
      index === 0 ? ["", segment] : [segment.slice(0, end), segment.slice(end + 1)];
    text += user + own;
    if (user !== "") parts.push({ text: user, joined: true });
    if (own !== "") parts.push({ text: own, special: true, joined: true });
  }
  return text === plain ? parts : undefined;
}

function has(text: string, ...characters: (string | undefined)[]): boolean {
  return characters.some((character) => character !== undefined && text.includes(character));
}

function compile(source: string): Render {
  // Loaded here, so that models that need no template do not wait for it.
  const { Template } = createRequire(import.meta.url)(
    "@huggingface/jinja",
  ) as typeof import("@huggingface/jinja");
  const template = guarded(() => new Template(source), broken);
  return ({ messages, tools, bosText, eosText }, where) =>
    guarded(
      () =>
        template.render({
          messages,
          ...(tools === undefined ? {} : { tools }),
          bos_token: bosText,
          eos_token: eosText,
          add_generation_prompt: true,
        }),
      (error) => invalidArgument(`${where}: the model's chat template refuses: ${error.message}`),
    );
}

function broken(error: Error): CodeLlamaError {
  return new CodeLlamaError(
    "MODEL_UNSUPPORTED",
    `the model's chat template cannot be used: ${error.message}`,
  );
}

/** Calls it, for so long at most: V8 stops what runs beneath a script that has a time limit. */
function guarded<Value>(call: () => Value, toError: (error: Error) => CodeLlamaError): Value {
  let result: { readonly value: Value } | undefined;
  const run = () => {
    result = { value: call() };
  };
  try {
    runInContext("run()", createContext({ run }), { timeout: timeLimit });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ERR_SCRIPT_EXECUTION_TIMEOUT") {
      throw broken(new Error(`it takes longer than ${timeLimit} ms`));
    }
    throw toError(error as Error);
  }
  if (result === undefined) throw broken(new Error("it gives nothing"));
  return result.value;
}
