import type { Random } from "./random.ts";

/** The part of JSON Schema that our OpenAPI document uses. */
export interface ValueSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly ValueSchema[];
  readonly oneOf?: readonly ValueSchema[];
  readonly allOf?: readonly ValueSchema[];
  readonly properties?: Readonly<Record<string, ValueSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: ValueSchema | boolean;
  readonly items?: ValueSchema;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** Pieces of text that often break parsers, templates and tokenizers. */
const pieces = [
  "\n",
  ..." \t\r\0\"'\\/<>[]{}()|&%$#@!`~^*+-=.,;:?_aZ09é€日\u{1f600}\ud800\udc00\ufeff\u2028\u0300\uf8f0\uf8f4",
  ...["<PRE>", " <SUF>", " <MID>", "<FILL_ME>", "<|im_end|>", "<|im_start|>", "[INST]", "[/INST]"],
  ...["<<SYS>>", "</s>", "<s>", "<step>", "{{ x }}", "{% for x in y %}", "{#", "__proto__"],
  ...["constructor", "toString", "NaN", "1e999", "-0", "null", "\r\n\r\n", "data: ", "[DONE]"],
] as const;

/** Text of up to `length` random pieces, or one piece repeated many times. */
export function hostileText(random: Random, length = 40): string {
  const count = random.below(length + 1);
  if (random.below(4) === 0) return random.pick(pieces).repeat(count * (1 + random.below(50)));
  return Array.from({ length: count }, () => random.pick(pieces)).join("");
}

const numbers = [
  ...[0, -0, 1, -1, 0.5, 2, 255, 256, 31_999, 32_000, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 32],
  ...[2 ** 53, -(2 ** 53), 1e21, 1e308, -1e308, 5e-324, 1e-7],
] as const;

export function hostileNumber(random: Random): number {
  return random.below(3) === 0 ? random.below(10_000) - 100 : random.pick(numbers);
}

/** Any JSON value, sometimes deep or wide. */
export function hostileJson(random: Random, depth = 3): unknown {
  const kind = random.below(depth > 0 ? 7 : 5);
  if (kind === 0) return null;
  if (kind === 1) return random.below(2) === 0;
  if (kind === 2) return hostileNumber(random);
  if (kind <= 4) return hostileText(random, 8);
  const size = random.below(random.below(10) === 0 ? 200 : 4);
  const values = Array.from({ length: size }, () => hostileJson(random, depth - 1));
  if (kind === 5) return values;
  return Object.fromEntries(values.map((value) => [hostileText(random, 2), value]));
}

/** Random values that a schema allows, with a hostile value among them now and then. */
export class SchemaValues {
  constructor(
    readonly random: Random,
    /** Resolves `$ref`. */
    readonly resolve: (reference: string) => ValueSchema,
    /** One value in `hostileEvery` is hostile; 0 = none. */
    readonly hostileEvery: number,
  ) {}

  of(schema: ValueSchema, depth = 5): unknown {
    const { random } = this;
    if (this.hostileEvery > 0 && random.below(this.hostileEvery) === 0) return hostileJson(random);
    if (schema.$ref !== undefined) return this.of(this.resolve(schema.$ref), depth);
    if (schema.const !== undefined) return schema.const;
    const options = schema.anyOf ?? schema.oneOf ?? schema.enum;
    if (options !== undefined && options.length > 0) {
      const chosen = options[random.below(options.length)];
      return schema.enum ? chosen : this.of(chosen as ValueSchema, depth);
    }
    const [first, ...rest] = [schema.type ?? []].flat();
    return this.#ofType(first && random.pick([first, ...rest]), schema, depth);
  }

  #ofType(type: string | undefined, schema: ValueSchema, depth: number): unknown {
    const { random } = this;
    if (type === "null") return null;
    if (type === "boolean") return random.below(2) === 0;
    if (type === "string") return hostileText(random, 12);
    if (type === "integer" || type === "number") return this.#number(type, schema);
    if (type === "array") {
      const { items = {} } = schema;
      const length = random.below(depth > 0 ? 4 : 1);
      return Array.from({ length }, () => this.of(items, depth - 1));
    }
    if (type === "object" || schema.properties) return this.#object(schema, depth);
    return hostileJson(random, 2);
  }

  #number(type: string, { minimum = -100, maximum = 100 }: ValueSchema): number {
    const low = Math.max(minimum, -1000);
    const value = low + this.random.next() * (Math.min(maximum, low + 200) - low);
    return type === "integer" ? Math.round(value) : value;
  }

  #object(schema: ValueSchema, depth: number): unknown {
    const { properties = {}, required = [], additionalProperties } = schema;
    const entries: [string, unknown][] = [];
    for (const [name, value] of Object.entries(properties)) {
      const isWanted = depth > 0 && this.random.below(4) === 0;
      if (isWanted || required.includes(name)) entries.push([name, this.of(value, depth - 1)]);
    }
    if (typeof additionalProperties === "object" && depth > 0) {
      const name = hostileText(this.random, 2);
      entries.push([name, this.of(additionalProperties, depth - 1)]);
    }
    return Object.fromEntries(entries);
  }
}
