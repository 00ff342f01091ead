import { describe, expect, test } from "vitest";
import { z } from "zod";
import { CodeLlama, type StandardSchema } from "../../../lib/index.ts";
import { useTinyServer } from "../../helpers/server.ts";
import { useTinyModel } from "../../helpers/tiny-model.ts";

const model = useTinyModel({ parallel: 4 });

const person = z.object({
  name: z.string().max(8),
  age: z.int().min(0).max(99),
  tags: z.array(z.enum(["red", "green"])).max(2),
});

const hot = { temperature: 2, topP: 1 } as const;

/** A schema of a library: an integer from 1 to 9, validated by a function. */
function digit(validate: (value: unknown) => unknown, rest: object = {}): StandardSchema {
  const json = { type: "integer", minimum: 1, maximum: 9 };
  return {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: validate as never,
      jsonSchema: { input: () => json },
      ...rest,
    },
  };
}

describe("a value", () => {
  test("of a zod schema has its type and its transformed content", async () => {
    const schema = person.extend({ born: z.iso.date().transform((text) => new Date(text)) });
    const { text, value } = await model.llama.generate("A person: ", {
      jsonSchema: schema,
      ...hot,
      seed: 1,
    });
    expect(value).toEqual(schema.parse(JSON.parse(text)));
    expect(value?.born).toBeInstanceOf(Date);
    expect(Object.keys(JSON.parse(text)).toSorted()).toEqual(["age", "born", "name", "tags"]);
  });

  test("of a plain JSON schema is the parsed text", async () => {
    const jsonSchema = { type: "array", items: { type: "integer" }, maxItems: 3 };
    const result = await model.llama.generate("x = ", { jsonSchema, ...hot, seed: 2 });
    expect(result.value).toEqual(JSON.parse(result.text));
    expect(result.issues).toBeUndefined();
  });

  test("belongs to each of several answers", async () => {
    const { value, choices = [] } = await model.llama.generate("A person: ", {
      jsonSchema: person,
      ...hot,
      n: 3,
    });
    expect(choices).toHaveLength(3);
    for (const choice of choices)
      expect(choice.value).toEqual(person.parse(JSON.parse(choice.text)));
    expect(value).toEqual(choices[0]?.value);
  });

  test("comes from a chat and from a session", async () => {
    const jsonSchema = person;
    const answer = await model.llama.chat([{ role: "user", content: "Who?" }], { jsonSchema });
    expect(answer.value).toEqual(JSON.parse(answer.text));
    const session = model.llama.session();
    const reply = await session.send("Who?", { jsonSchema });
    expect(reply.value).toEqual(JSON.parse(reply.text));
    expect(session.messages.at(-1)?.content).toBe(reply.text);
  });

  test("is undefined when a limit cuts the text short", async () => {
    const result = await model.llama.generate("x = ", { jsonSchema: person, maxTokens: 3 });
    expect(result).toMatchObject({ finishReason: "length", value: undefined });
    expect(result.issues).toBeUndefined();
  });

  test("is undefined when a stop string cuts the text short", async () => {
    const jsonSchema = z.literal("abc");
    const result = await model.llama.generate("x = ", { jsonSchema, stop: "b" });
    expect(result).toMatchObject({ stopString: "b", value: undefined });
  });

  test("is absent without a schema", async () => {
    expect(await model.llama.generate("x = ", { maxTokens: 1 })).not.toHaveProperty("value");
  });

  test("that fails a rule outside the JSON schema gives issues", async () => {
    const jsonSchema = z
      .object({ low: z.literal(2), high: z.literal(1) })
      .refine(({ low, high }) => (low as number) < high, {
        path: ["low"],
        message: "low must be below high",
      });
    const result = await model.llama.generate("x = ", { jsonSchema, n: 2 });
    for (const each of [result, ...(result.choices ?? [])]) {
      expect(each.value).toBeUndefined();
      expect(each.issues).toMatchObject([{ path: ["low"], message: "low must be below high" }]);
    }
  });

  test("may be validated asynchronously", async () => {
    const jsonSchema = digit(async (value) => ({ value: { digit: value } }));
    const { text, value } = await model.llama.generate("x = ", { jsonSchema });
    expect(value).toEqual({ digit: Number(text) });
  });

  test("whose validation throws rejects", async () => {
    const fault = new Error("no database");
    const jsonSchema = digit(() => {
      throw fault;
    });
    await expect(model.llama.generate("x = ", { jsonSchema })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: "jsonSchema: the test schema failed to validate an answer: no database",
      cause: fault,
    });
    const session = model.llama.session();
    await expect(session.send("x", { jsonSchema })).rejects.toThrow("no database");
    expect(session.messages).toEqual([]);
  });

  test("whose validation hangs ends with the signal", async () => {
    const controller = new AbortController();
    const jsonSchema = digit(() => {
      controller.abort(new Error("enough"));
      return new Promise(() => {});
    });
    const { signal } = controller;
    await expect(model.llama.generate("x = ", { jsonSchema, signal })).rejects.toThrow("enough");
  });
});

describe("a schema of a library", () => {
  test("without a JSON schema is rejected with advice", () => {
    const vendor = (name: string) => digit(() => ({}), { vendor: name, jsonSchema: undefined });
    const generate = (jsonSchema: object) => () => model.llama.generate("x", { jsonSchema });
    expect(generate(vendor("zod"))).toThrow(
      "generate(): jsonSchema: this schema does not offer its JSON schema; " +
        "use zod 4.2 or later, or pass z.toJSONSchema(schema)",
    );
    expect(generate(vendor("valibot"))).toThrow(/pass toStandardJsonSchema\(schema\)/);
    expect(generate(vendor("other"))).toThrow(/pass its JSON schema/);
  });

  test("that JSON cannot express is rejected with the library's reason", () => {
    expect(() => model.llama.generate("x", { jsonSchema: z.object({ at: z.date() }) })).toThrow(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        message: expect.stringMatching(/jsonSchema cannot be read: Date cannot be represented/),
      }),
    );
  });

  test("may be a function, as in ArkType", async () => {
    const schema = Object.assign(
      () => {},
      digit((value) => ({ value })),
    );
    const { text, value } = await model.llama.generate("x = ", { jsonSchema: schema });
    expect(value).toBe(Number(text));
  });

  test("is validated by the method that it had at the call", async () => {
    const schema = digit((value) => ({ value }));
    const generation = model.llama.generate("x = ", { jsonSchema: schema });
    Object.assign(schema["~standard"], { validate: () => ({ issues: [{ message: "changed" }] }) });
    expect((await generation).issues).toBeUndefined();
  });
});

describe("over HTTP", () => {
  const tiny = useTinyServer();

  test("a remote model gives typed values", async () => {
    await using remote = await CodeLlama.connect(tiny.server.url);
    const result = await remote.generate("A person: ", { jsonSchema: person, ...hot });
    expect(result.value).toEqual(person.parse(JSON.parse(result.text)));
  });
});
