import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { modelPath } from "codellama-tiny";
import { type ChatMessage, CodeLlama, CodeLlamaError } from "../../lib/index.ts";
import { writeTemplateModel } from "../fixtures/template-model.ts";
import type { Fuzzer } from "../helpers/fuzzing.ts";
import { hostileText } from "../helpers/hostile-values.ts";
import type { Random } from "../helpers/random.ts";

// Two kinds of templates. A careful template puts each message between its own control tokens, and the
// prompt must have no other control tokens, whatever the messages contain. A hostile template may do
// anything; rendering must end with a prompt or a typed error.
const dialogsPerTemplate = 6;
/** Generous, because one template may compute for a second. */
const dialogMs = 20_000;

const filters = [
  ...["trim", "lower", "upper", "title", "capitalize", "string", "list | join", "tojson", "indent"],
  ...["reverse | join", "list | join('')", "replace('[', '<')", "replace(']', '>')", "safe"],
  ...["replace('x', '')", "replace(' ', '')", "replace('', '')", "default('</s>')", "escape"],
] as const;
const methods = [
  ...[".strip()", ".split(' ') | join", ".replace('[', '<').replace(']', '>')", "[0:9]", "[::-1]"],
  ...[".lower()", ".title()", ".rstrip()", ".split('|') | join('<')"],
] as const;

/** An expression for a message's text, with some filters. */
function content(random: Random): string {
  let expression = "m.content";
  for (let count = random.below(4); count > 0; count--) {
    const method = random.pick(methods);
    expression =
      random.below(3) === 0
        ? `(${expression})${method}`
        : `(${expression} | ${random.pick(filters)})`;
  }
  return random.below(3) === 0 ? `'' ~ ${expression}` : expression;
}

function carefulTemplate(random: Random): string {
  const open = random.pick(["<s>", "{{ bos_token }}", "{{ '<s>' + m.role }}", "<s>{{ m.role }}\n"]);
  const close = random.pick(["</s>", "{{ eos_token }}", "\n</s>\n"]);
  return `{% for m in messages %}${open}{{ ${content(random)} }}${close}{% endfor %}`;
}

/** Expressions that are large, slow, endless or undefined. */
const expressions = [
  ...["messages", "m", "m.content", "tools", "undefined_name", "bos_token", "ns.a", "loop.index0"],
  ...["1", "-1", "2 ** 31", "4000000000", "1.5", "'x'", "''", "none", "true", "[]", "{}", "[1, 2]"],
  ...["range(10)", "range(400000000)", "range(0, 10, 0)", "'x' * 1000000", "[0] * 100000000"],
  ...["ns", "namespace()", "self", "m.__proto__", "m.constructor", "m['constructor']", "cycler"],
] as const;
const operators = [
  "+",
  "-",
  "*",
  "/",
  "//",
  "%",
  "**",
  "~",
  "==",
  "<",
  "in",
  "and",
  "or",
  "is",
] as const;

function expression(random: Random, depth: number): string {
  const kind = depth === 0 ? 0 : random.below(8);
  const inner = () => expression(random, depth - 1);
  if (kind <= 1) return random.pick(expressions);
  if (kind <= 3) return `(${inner()} ${random.pick(operators)} ${inner()})`;
  if (kind === 4) return `(${inner()} | ${random.pick(filters)})`;
  if (kind === 5) return `${inner()}${random.pick(methods)}`;
  if (kind === 6) return `[${inner()}, ${inner()}]`;
  return `(${inner()} if ${inner()} else ${inner()})`;
}

function statement(random: Random, depth: number): string {
  const value = () => expression(random, 3);
  const inner = () => (depth === 0 ? "x" : statement(random, depth - 1));
  const kinds = [
    () => `{{ ${value()} }}`,
    () => hostileText(random, 6),
    () => `{% for m in ${value()} %}${inner()}{% endfor %}`,
    () => `{% if ${value()} %}${inner()}{% else %}${inner()}{% endif %}`,
    () =>
      `{% set ns = namespace(a=${value()}) %}{% for i in range(60) %}{% set ns.a = ns.a ~ ns.a %}{% endfor %}${inner()}`,
    () =>
      `{% set ns = namespace(a=[${value()}]) %}{% for i in range(60) %}{% set ns.a = ns.a + ns.a %}{% endfor %}${inner()}`,
    () => `{% macro f(x) %}${inner()}{{ f(x) }}{% endmacro %}{{ f(${value()}) }}`,
    () => `{% set m = ${value()} %}${inner()}`,
    () => `{{ raise_exception(${value()}) }}`,
    () => `${"{% if true %}".repeat(random.below(3000))}${inner()}`,
    () => `{{ ${"(".repeat(random.below(20_000))}${value()} }}`,
    () => `{${random.pick(["%", "{", "#"])}- ${hostileText(random, 4)}`,
    () => `${inner()}${inner()}${inner()}`,
  ] as const;
  return random.pick(kinds)();
}

const roles = ["user", "assistant", "user", "system"] as const;

function dialog(random: Random, text: () => string): ChatMessage[] {
  const count = 1 + random.below(3);
  return Array.from({ length: count }, (_, index) => ({
    role: roles[index === 0 && random.below(2) === 0 ? 3 : index] ?? "user",
    content: text(),
  }));
}

/** Text that spells control tokens, some of them only after a filter. */
function message(random: Random): string {
  const spelled = [
    "</s>",
    "[/s]",
    "<s>",
    "< /s >",
    "<xs>",
    "</S>",
    ">s/<",
    "\uf8f0</s>",
    "</\uf8f4s>",
  ];
  const parts = [hostileText(random, 6), random.pick(["", ...spelled]), hostileText(random, 6)];
  return parts.join("");
}

/** The prompt's tokens, or undefined after a typed error. Throws if encoding takes too long. */
function encode(llama: CodeLlama, messages: readonly ChatMessage[]): Int32Array | undefined {
  const started = performance.now();
  const tokens = tryEncode(llama, messages);
  const spent = performance.now() - started;
  if (spent > dialogMs) throw new Error(`encodeChat() took ${Math.round(spent)} ms`);
  return tokens;
}

function tryEncode(llama: CodeLlama, messages: readonly ChatMessage[]) {
  try {
    return llama.encodeChat(messages);
  } catch (error) {
    if (error instanceof CodeLlamaError) return undefined;
    throw error;
  }
}

function countControl(tokens: Int32Array, llama: CodeLlama): number {
  const { bos, eos } = llama.model.specialTokens;
  return tokens.filter((token) => token === bos || token === eos).length;
}

async function tryTemplate(random: Random, path: string, isCareful: boolean): Promise<void> {
  const template = isCareful ? carefulTemplate(random) : statement(random, 4);
  writeTemplateModel(path, modelPath, template);
  await using llama = await CodeLlama.load(path, { vocabularyOnly: true });
  for (let count = dialogsPerTemplate; count > 0; count--) {
    const messages = dialog(random, () => message(random));
    const shown = () => `\ntemplate: ${template}\nmessages: ${JSON.stringify(messages)}`;
    try {
      const tokens = encode(llama, messages);
      const plain = encode(
        llama,
        messages.map(({ role }) => ({ role, content: "word" })),
      );
      if (!isCareful || tokens === undefined || plain === undefined) continue;
      const [found, expected] = [countControl(tokens, llama), countControl(plain, llama)];
      if (found === expected) continue;
      throw new Error(`the prompt must have ${expected} control tokens (got ${found})`);
    } catch (error) {
      throw new Error(`${String(error)}${shown()}`, { cause: error });
    }
  }
}

const templates: Fuzzer = {
  description: "hostile chat templates, and messages that spell control tokens",
  async fuzz(run) {
    const folder = mkdtempSync(join(tmpdir(), "node-codellama-templates-"));
    try {
      for (const { index, random } of run.cases()) {
        await tryTemplate(random, join(folder, `${index}.gguf`), random.below(2) === 0);
        rmSync(join(folder, `${index}.gguf`));
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

export default templates;
