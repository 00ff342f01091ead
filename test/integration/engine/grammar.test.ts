import { describe, expect, test } from "vitest";
import { CodeLlama, type GenerateOptions } from "../../../lib/index.ts";
import { modelPath, useTinyModel } from "../../helpers/tiny-model.ts";

const model = useTinyModel({ parallel: 4 });

const person = {
  type: "object",
  properties: {
    name: { type: "string", maxLength: 12 },
    age: { type: "integer", minimum: 0, maximum: 150 },
    tags: { type: "array", items: { enum: ["red", "green", "blue"] }, maxItems: 3 },
  },
  required: ["name", "age", "tags"],
  additionalProperties: false,
} as const;

describe("grammar", () => {
  test("allows only matching texts with any sampling", async () => {
    const grammar = 'root ::= ("yes" | "no") [.!]';
    const run = (seed: number) =>
      model.llama.generate("Is this right? ", { grammar, temperature: 3, topP: 1, seed });
    const results = await Promise.all(Array.from({ length: 12 }, (_, seed) => run(seed)));
    for (const { text, finishReason } of results) {
      expect(text).toMatch(/^(yes|no)[.!]$/);
      expect(finishReason).toBe("stop");
    }
    expect(new Set(results.map(({ text }) => text)).size).toBeGreaterThan(1);
  });

  test("does not change a text that matches anyway", async () => {
    const options = { temperature: 0, maxTokens: 24 } as const;
    const plain = await model.llama.generate("def fibonacci(n", options);
    const anything = await model.llama.generate("def fibonacci(n", {
      ...options,
      grammar: "root ::= .*",
    });
    expect(anything.text).toBe(plain.text);
  });

  test("supports characters that consist of several byte tokens", async () => {
    const { text } = await model.llama.generate("x = ", { grammar: 'root ::= "🚀é漢"' });
    expect(text).toBe("🚀é漢");
  });

  test("ends with the grammar even if end tokens are forbidden", async () => {
    const options: GenerateOptions = { grammar: 'root ::= "a"{3,5}', ignoreEos: true };
    expect((await model.llama.generate("a", options)).text).toMatch(/^a{5}$/);
  });

  test("holds for every token with speculation", async () => {
    const eager = await CodeLlama.load(modelPath, {
      threads: 1,
      speculation: { maxDraft: 8, adaptive: false },
    });
    const { text, usage } = await eager.generate("[1, 2]\n[1, 2]\n[1, 2]\n[1, 2]\n", {
      grammar: 'root ::= ("[1, " [2-9] "]\\n"){6}',
      temperature: 0,
    });
    await eager.close();
    expect(text).toMatch(/^(\[1, [2-9]\]\n){6}$/);
    expect(usage.acceptedTokens).toBeGreaterThan(0);
  });

  test.each([
    ['root ::= "a', /line 1, column 12: the literal has no closing quote/],
    ["root ::= nothing", /the rule nothing is used but not defined/],
    ['root ::= root "a"', /may begin with itself/],
  ])("with an error is rejected: %s", async (grammar, message) => {
    await expect(model.llama.generate("x", { grammar })).rejects.toMatchObject({
      code: "INVALID_GRAMMAR",
      message: expect.stringMatching(message),
    });
    expect(model.llama.stats().running).toBe(0);
  });

  test("of a wrong type is rejected at once", () => {
    const generate = (options: object) => () => model.llama.generate("x", options);
    expect(generate({ grammar: 7 })).toThrow(/grammar must be a non-empty string \(got 7\)/);
    expect(generate({ jsonSchema: "{}" })).toThrow(
      /jsonSchema must be an object: a JSON schema.*\(got "{}"\)/,
    );
    expect(generate({ grammar: 'root ::= "a"', jsonSchema: {} })).toThrow(/exclude each other/);
    const circular: { self?: object } = {};
    circular.self = circular;
    expect(generate({ jsonSchema: circular })).toThrow(/jsonSchema is nested more than/);
    let deep: object = {};
    for (let i = 0; i < 100; i++) deep = { items: deep };
    expect(generate({ jsonSchema: deep })).toThrow(/nested more than 64 deep/);
  });
});

describe("jsonSchema", () => {
  test("makes any model write JSON that follows the schema", async () => {
    const run = (seed: number) =>
      model.llama.generate("Person: ", { jsonSchema: person, temperature: 2, topP: 1, seed });
    const results = await Promise.all(Array.from({ length: 12 }, (_, seed) => run(seed)));
    for (const { text, finishReason } of results) {
      expect(finishReason).toBe("stop");
      const value = JSON.parse(text);
      expect(Object.keys(value).toSorted()).toEqual(["age", "name", "tags"]);
      expect([...value.name].length).toBeLessThanOrEqual(12);
      expect(value.age).toBeGreaterThanOrEqual(0);
      expect(value.age).toBeLessThanOrEqual(150);
      expect(value.tags.length).toBeLessThanOrEqual(3);
      for (const tag of value.tags) expect(["red", "green", "blue"]).toContain(tag);
    }
    expect(model.llama.stats().kvCellsUsed).toBe(0);
  });

  test("can have a long pattern and long names", async () => {
    const long = "a".repeat(2000);
    const jsonSchema = {
      type: "object",
      properties: { [long]: { type: "string", pattern: `^${long}$` } },
      required: [long],
      additionalProperties: false,
    };
    const { text } = await model.llama.generate("x", { jsonSchema, temperature: 0, maxTokens: 30 });
    expect(text).toMatch(/^\{\s*"a+$/);
  });

  test("works in a chat and in a session", async () => {
    const jsonSchema = { type: "array", items: { type: "boolean" }, minItems: 2, maxItems: 2 };
    const { text } = await model.llama.chat([{ role: "user", content: "Two truths?" }], {
      jsonSchema,
    });
    expect(JSON.parse(text)).toHaveLength(2);
    const answer = await model.llama.session().send("And now?", { jsonSchema });
    expect(JSON.parse(answer.text)).toHaveLength(2);
  });

  test("with unsupported keywords is rejected", async () => {
    const refused = (jsonSchema: object) =>
      expect(model.llama.generate("x", { jsonSchema })).rejects.toMatchObject({
        code: "INVALID_GRAMMAR",
        message: expect.stringMatching(/^jsonSchema: /),
      });
    await refused({ type: "text" });
    await refused({ $ref: "#/definitions/missing" });
    await refused({ type: "string", pattern: "(a)\\1" });
  });

  const optional = (count: number, name = "p") =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [name + i, { type: "integer" }]));

  test("with thousands of properties or alternatives is accepted or rejected in bounded time", async () => {
    const $defs = { part: { type: "object", properties: optional(60) } };
    const parts = Array.from({ length: 100 }, () => ({ $ref: "#/$defs/part" }));
    const objects = Array.from({ length: 20 }, (_, i) => ({
      type: "object",
      properties: optional(250, `o${i}_`),
    }));
    // Each definition contains the next one twice.
    const doubled = Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => {
        const next = { $ref: `#/$defs/d${i + 1}` };
        return [`d${i}`, { type: "object", properties: { x: { allOf: [next, next] } } }];
      }),
    );
    const alternatives = (name: string) => ({
      anyOf: [{ required: [name] }, { required: [`not ${name}`] }],
    });
    const schemas = [
      { type: "object", properties: optional(2000) },
      { type: "array", items: { properties: optional(9000) } },
      { $defs, allOf: [{ anyOf: parts }] },
      { type: "array", prefixItems: objects },
      { $defs: { ...doubled, d40: { type: "object" } }, $ref: "#/$defs/d0" },
      { allOf: Array.from({ length: 40 }, (_, i) => alternatives(`p${i}`)) },
      {
        patternProperties: Object.fromEntries(
          Array.from({ length: 200 }, (_, i) => [`a.{${i}}b`, {}]),
        ),
      },
    ];
    for (const jsonSchema of schemas) {
      const outcome = await model.llama.generate("x", { jsonSchema, maxTokens: 2 }).then(
        () => "OK",
        (error: unknown) => (error as { code?: string }).code,
      );
      expect(["OK", "INVALID_GRAMMAR"]).toContain(outcome);
    }
    const itself = { $defs: { a: { $ref: "#/$defs/a" } }, allOf: [{ $ref: "#/$defs/a" }] };
    await expect(model.llama.generate("x", { jsonSchema: itself })).rejects.toMatchObject({
      code: "INVALID_GRAMMAR",
      message: expect.stringMatching(/refers to itself/),
    });
  });

  test("can have the maximum number of properties", async () => {
    const many = { type: "object", properties: optional(400) };
    const { text } = await model.llama.generate("x", { jsonSchema: many, temperature: 0 });
    expect(typeof JSON.parse(text)).toBe("object");
  });

  test("with a long chain of references is rejected", async () => {
    const links = Array.from({ length: 4000 }, (_, i) => [`a${i}`, { $ref: `#/$defs/a${i + 1}` }]);
    const $defs = { ...Object.fromEntries(links), a4000: { type: "integer" } };
    const run = model.llama.generate("x", { jsonSchema: { $defs, $ref: "#/$defs/a0" } });
    await expect(run).rejects.toMatchObject({ code: "INVALID_GRAMMAR" });
  });

  test("with any content is accepted or rejected and never crashes", async () => {
    const odd = [Number.MAX_SAFE_INTEGER, -1, 1e300, "", "x", null, true, [], {}, [{}], 0.5];
    const keys = [
      "type",
      "properties",
      "items",
      "enum",
      "minLength",
      "maxItems",
      "minimum",
      "$ref",
    ];
    const keys2 = ["pattern", "format", "required", "oneOf", "allOf", "const", "prefixItems"];
    for (const key of [...keys, ...keys2]) {
      for (const value of odd) {
        const types =
          key.startsWith("min") || key.startsWith("max") ? ["integer", "string"] : ["object"];
        for (const type of types) {
          const run = model.llama.generate("x", {
            jsonSchema: { type, [key]: value },
            maxTokens: 3,
          });
          const outcome = await run.then(
            () => "OK",
            (error: unknown) => (error as { code?: string }).code,
          );
          expect(["OK", "INVALID_GRAMMAR"], `${key}: ${JSON.stringify(value)}`).toContain(outcome);
        }
      }
    }
  });
});
