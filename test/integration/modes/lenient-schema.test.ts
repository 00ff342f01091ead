import { describe, expect, test } from "vitest";
import { CodeLlama } from "../../../lib/index.ts";
import { useTinyServer } from "../../helpers/server.ts";

const tiny = useTinyServer({}, { parallel: 4 });

const hot = { temperature: 2, topP: 1 } as const;
const short = { type: "string", maxLength: 6 } as const;
const lookbehind = { ...short, pattern: "(?<=a)b" } as const;
const person = {
  type: "object",
  properties: { name: lookbehind, age: { type: "integer", minimum: 1, maximum: 9 } },
  required: ["name", "age"],
  additionalProperties: false,
} as const;
const dropped = [
  {
    pointer: "/properties/name",
    keyword: "pattern",
    reason: expect.stringMatching(/cannot be enforced: .*lookbehind/),
  },
];

describe("lenient", () => {
  test("drops what cannot be enforced, says so, and enforces the rest", async () => {
    const { llama } = tiny.server;
    const options = { jsonSchema: person, lenient: true, ...hot } as const;
    const result = await llama.generate("A person: ", { ...options, n: 2 });
    for (const each of [result, ...(result.choices ?? [])]) {
      expect(each.droppedKeywords).toEqual(dropped);
      const { name, age } = JSON.parse(each.text) as { name: string; age: number };
      expect([...name].length).toBeLessThanOrEqual(6);
      expect(age).toBeOneOf([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }
    const chat = await llama.session().send("Who?", options);
    expect(chat.droppedKeywords).toEqual(dropped);
  });

  test("has an empty list for a schema that is enforced in full", async () => {
    const options = { jsonSchema: short, lenient: true } as const;
    expect((await tiny.server.llama.generate("x", options)).droppedKeywords).toEqual([]);
    const strict = await tiny.server.llama.generate("x", { jsonSchema: short });
    expect(strict).not.toHaveProperty("droppedKeywords");
  });

  test.each([
    [{ type: "strin" }, /"type" must name JSON types/],
    [{ minLength: -1 }, /"minLength" must be a whole number/],
    [{ ...lookbehind, minLength: 9 }, /no value meets the schema/],
  ])("rejects a schema that is wrong: %j", async (jsonSchema, message) => {
    await expect(
      tiny.server.llama.generate("x", { jsonSchema, lenient: true }),
    ).rejects.toMatchObject({
      code: "INVALID_GRAMMAR",
      message: expect.stringMatching(message),
    });
  });

  test("is strict by default", async () => {
    await expect(tiny.server.llama.generate("x", { jsonSchema: person })).rejects.toThrow(
      /^jsonSchema: \/properties\/name: "pattern" cannot be enforced: .*lookbehind/,
    );
  });
});

describe("compact", () => {
  test("writes no whitespace", async () => {
    const jsonSchema = { ...person, properties: { ...person.properties, name: { const: "a b" } } };
    for (const seed of [1, 2, 3]) {
      const options = { jsonSchema, compact: true, ...hot, seed } as const;
      const { text, value } = await tiny.server.llama.generate("A person: ", options);
      expect(text).toBe(JSON.stringify(value));
    }
  });
});

test.each([{ compact: true }, { lenient: true }, { lenient: true, grammar: 'root ::= "a"' }])(
  "%j needs a schema",
  (options) => {
    expect(() => tiny.server.llama.generate("x", options)).toThrow(
      /(compact|lenient) needs jsonSchema/,
    );
  },
);

describe("over HTTP", () => {
  const body = { model: "codellama-tiny", prompt: "A person: ", temperature: 2, max_tokens: 200 };
  const format = {
    response_format: { type: "json_schema", json_schema: { name: "person", schema: person } },
  };

  test("a completion and a chat list the dropped keywords in each choice", async () => {
    const fields = { lenient_schema: true, compact_json: true, n: 2 };
    const completion = await tiny.server.post("/v1/completions", {
      ...body,
      ...fields,
      json_schema: person,
    });
    const chat = await tiny.server.post("/v1/chat/completions", {
      ...fields,
      ...format,
      max_tokens: 200,
      messages: [{ role: "user", content: "Who?" }],
    });
    for (const answer of [completion, chat]) {
      const { choices } = (await answer.json()) as {
        choices: { text?: string; message?: { content: string }; dropped_keywords: unknown }[];
      };
      expect(choices).toHaveLength(2);
      for (const { text, message, dropped_keywords } of choices) {
        expect(dropped_keywords).toEqual(dropped);
        const json = text ?? message?.content ?? "";
        expect(json).toBe(JSON.stringify(JSON.parse(json)));
      }
    }
  });

  test("strict: false of OpenAI's API is lenient, and lenient_schema overrules it", async () => {
    const json_schema = { name: "person", schema: person, strict: false };
    const request = { ...body, response_format: { type: "json_schema", json_schema } };
    const loose = await tiny.server.post("/v1/completions", request);
    expect(await loose.json()).toMatchObject({ choices: [{ dropped_keywords: dropped }] });
    const strict = await tiny.server.post("/v1/completions", { ...request, lenient_schema: false });
    expect(strict.status).toBe(400);
  });

  test("vLLM's disable_any_whitespace writes no whitespace", async () => {
    const answer = await tiny.server.post("/v1/completions", {
      ...body,
      structured_outputs: { json: { enum: [[1, 2]] }, disable_any_whitespace: true },
    });
    expect(await answer.json()).toMatchObject({ choices: [{ text: "[1,2]" }] });
  });

  test("a remote engine passes both options on", async () => {
    await using remote = await CodeLlama.connect(tiny.server.url);
    const options = { jsonSchema: person, lenient: true, compact: true, ...hot } as const;
    const completion = await remote.generate("A person: ", options);
    const chat = await remote.chat([{ role: "user", content: "Who?" }], options);
    for (const { text, value, droppedKeywords } of [completion, chat]) {
      expect(text).toBe(JSON.stringify(value));
      expect(droppedKeywords).toEqual(dropped);
    }
  });

  test("a server of another kind refuses both options by name", async () => {
    await using remote = await CodeLlama.connect(tiny.server.url, { kind: "vllm" });
    for (const name of ["compact", "lenient"]) {
      await expect(remote.generate("x", { jsonSchema: short, [name]: true })).rejects.toMatchObject(
        {
          code: "CAPABILITY_MISSING",
          message: expect.stringMatching(`^${name}: vLLM`),
        },
      );
    }
  });
});

test("an error about the parameters of a tool names the tool and its field", async () => {
  const parameters = { type: "object", properties: { name: lookbehind } };
  const tools = [
    { type: "function", function: { name: "mute" } },
    { type: "function", function: { name: "greet", parameters } },
  ];
  const answer = await tiny.server.post("/v1/chat/completions", {
    messages: [{ role: "user", content: "Hello" }],
    tools,
    tool_choice: "required",
  });
  expect(await answer.json()).toMatchObject({
    error: {
      message: expect.stringMatching(
        /^tools\[1\]\.function\.parameters of greet: \/properties\/name: "pattern" cannot be enforced/,
      ),
    },
  });
});
