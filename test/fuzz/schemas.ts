import { Ajv2020 } from "ajv/dist/2020.js";
import { type CodeLlama, CodeLlamaError } from "../../lib/index.ts";
import type { Fuzzer } from "../helpers/fuzzing.ts";
import { hostileJson, hostileNumber, hostileText } from "../helpers/hostile-values.ts";
import type { Random } from "../helpers/random.ts";
import { propertyNames, randomSchema } from "../helpers/random-schema.ts";
import { loadTinyModel } from "../helpers/tiny-model.ts";

// Two kinds of schemas. With a plain schema, every finished text parses and validates. A hostile schema
// has any keyword with any value, and a grammar is any text: the request ends with a result or a typed
// error, and the engine gives the same answers afterwards.
const settleMs = 60_000;

const keywords = [
  ...["type", "enum", "const", "items", "prefixItems", "properties", "required", "anyOf", "oneOf"],
  ...["allOf", "not", "if", "then", "else", "$ref", "$defs", "definitions", "pattern", "format"],
  ...["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength"],
  ...["maxLength", "minItems", "maxItems", "uniqueItems", "contains", "additionalProperties"],
  ...["patternProperties", "propertyNames", "minProperties", "maxProperties", "dependentRequired"],
] as const;
const references = [
  "#",
  "#/$defs/a",
  "#/$defs/missing",
  "#/properties/a",
  "https://x.invalid/",
  "##",
  "#/%",
] as const;
const patterns = [
  "^a+$",
  "(a+)+b",
  "[",
  "a{10000}",
  "(?:)",
  "^(?=x)",
  "\\p{L}+",
  "((((((((((a))))))))))*",
  '^[^"]{1,9}$',
] as const;
const types = [
  "string",
  "number",
  "integer",
  "object",
  "array",
  "null",
  "boolean",
  "nonsense",
] as const;

function hostileSchema(random: Random, depth: number): unknown {
  if (depth === 0 || random.below(12) === 0) return hostileJson(random, 1);
  const size = random.below(random.below(10) === 0 ? 20 : 4);
  const chosen = Array.from({ length: size }, () => random.pick(keywords));
  const type = random.below(3) > 0 ? [["type", random.pick(types)]] : [];
  return Object.fromEntries([
    ...type,
    ...chosen.map((name) => [name, keywordValue(random, name, depth - 1)]),
  ]);
}

function keywordValue(random: Random, keyword: string, depth: number): unknown {
  if (random.below(10) === 0) return hostileJson(random, 2);
  const schema = () => hostileSchema(random, depth);
  const several = () => Array.from({ length: 1 + random.below(4) }, schema);
  const named = () => {
    const count = random.below(random.below(8) === 0 ? 40 : 4);
    return Object.fromEntries(
      Array.from({ length: count }, (_, index) => [propertyNames[index] ?? `p${index}`, schema()]),
    );
  };
  if (keyword === "type") return random.pick<unknown>([random.pick(types), types.slice(2)]);
  if (keyword === "enum")
    return Array.from({ length: random.below(5) }, () => hostileJson(random, 2));
  if (keyword === "const") return hostileJson(random, 2);
  if (keyword === "$ref") return random.pick(references);
  if (keyword === "pattern") return random.pick([random.pick(patterns), hostileText(random, 5)]);
  if (keyword === "format")
    return random.pick(["date", "date-time", "uuid", "email", "regex", "nonsense"]);
  if (/^(anyOf|oneOf|allOf|prefixItems)$/.test(keyword)) return several();
  if (/^(properties|patternProperties|\$defs|definitions)$/.test(keyword)) return named();
  if (/^(required|dependentRequired)$/.test(keyword))
    return propertyNames.slice(0, random.below(4));
  if (/^(min|max|excl|mult)/.test(keyword)) return hostileNumber(random);
  return schema();
}

const grammarPieces = [
  ...[
    "root ::= ",
    "a ::= ",
    '"a"',
    "[a-z]",
    '[^"]',
    "a",
    "root",
    "(",
    ")",
    "|",
    "*",
    "+",
    "?",
    "\n",
  ],
  ...[
    "{3}",
    "{0,5}",
    "{10000}",
    "{,}",
    '"\\x41"',
    '"\\u0000"',
    ".",
    "# note",
    "::=",
    " ",
    "\\",
    "[",
    "]",
  ],
] as const;

function grammarText(random: Random): string {
  const length = random.below(30);
  const pieces = Array.from({ length }, () => random.pick(grammarPieces)).join(" ");
  return random.below(4) === 0 ? hostileText(random, 20) : `root ::= ${pieces}`;
}

interface Attempt {
  readonly options: { readonly jsonSchema: object } | { readonly grammar: string };
  /** Whether a finished text must validate against the schema. */
  readonly isPlain: boolean;
}

function attempt(random: Random): Attempt {
  const kind = random.below(5);
  if (kind === 0) return { options: { grammar: grammarText(random) }, isPlain: false };
  if (kind <= 2) return { options: { jsonSchema: randomSchema(random) }, isPlain: true };
  const jsonSchema = hostileSchema(random, 4);
  if (typeof jsonSchema !== "object" || jsonSchema === null) return attempt(random);
  return { options: { jsonSchema }, isPlain: false };
}

/** Generates with the options. Cancels one generation in four. */
async function generate(llama: CodeLlama, random: Random, options: Attempt["options"]) {
  const generation = llama.generate("x = ", {
    ...options,
    temperature: random.pick([0, 1, 2]),
    seed: random.below(1000),
    maxTokens: 1 + random.below(80),
    timeoutMs: 5000,
  });
  if (random.below(4) === 0) setTimeout(() => generation.cancel(), random.below(20));
  return await generation;
}

async function check(llama: CodeLlama, random: Random): Promise<void> {
  const { options, isPlain } = attempt(random);
  const shown = `\n${JSON.stringify(options).slice(0, 20_000)}`;
  const result = await settled(generate(llama, random, options)).catch((error: unknown) => {
    throw new Error(`${String(error)}${shown}`, { cause: error });
  });
  if (!isPlain || result?.finishReason !== "stop") return;
  if ("jsonSchema" in options && !isValid(options.jsonSchema, result.text)) {
    throw new Error(`a finished text does not match its schema: ${result.text}${shown}`);
  }
}

/** The result, or undefined after a typed error. */
async function settled<Result>(generation: Promise<Result>): Promise<Result | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not settled after ${settleMs} ms`)), settleMs);
  });
  try {
    return await Promise.race([generation, late]);
  } catch (error) {
    if (error instanceof CodeLlamaError) return undefined;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function isValid(schema: object, text: string): boolean {
  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(schema);
  try {
    return validate(JSON.parse(text));
  } catch {
    return false;
  }
}

const schemas: Fuzzer = {
  description: "plain and hostile JSON schemas and grammars; finished texts must validate",
  async fuzz(run) {
    await using llama: CodeLlama = await loadTinyModel({ contextSize: 512, parallel: 2 });
    const answer = async () =>
      (await llama.generate("def add(a, b):", { maxTokens: 8, temperature: 0 })).text;
    const expected = await answer();
    for (const { random } of run.cases()) {
      const together = 1 + random.below(3);
      await Promise.all(Array.from({ length: together }, () => check(llama, random)));
    }
    const text = await answer();
    if (text !== expected) {
      throw new Error(`the greedy answer must stay ${expected} (got ${text})`);
    }
  },
};

export default schemas;
