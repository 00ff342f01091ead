import { describe, expect, test } from "vitest";
import { z } from "zod";
import { checkUntilIssue, innerSchemas } from "../../../../lib/server/fields/first-issue.ts";
import { readBody } from "../../../../lib/server/fields/read-body.ts";
import { errorBody, HttpError } from "../../../../lib/server/http/http-error.ts";
import { jsonLimits } from "../../../../lib/server/http/json-scan.ts";
import { operations } from "../../../../lib/server/openapi/operations.ts";

const anything = z.unknown();

/** Reads a body that arrives in pieces of this size. */
function read(text: string | Uint8Array, schema: z.ZodType = anything, pieceBytes = 100_000) {
  const bytes = Buffer.from(text as string);
  const pieces = function* () {
    for (let start = 0; start < bytes.length; start += pieceBytes) {
      yield new Uint8Array(bytes.subarray(start, start + pieceBytes));
    }
  };
  const request = new Request("http://localhost/", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: ReadableStream.from(pieces()),
    duplex: "half",
  } as RequestInit);
  return readBody(request, schema, 2 ** 23);
}

describe("reading", () => {
  test.each([1, 7, 65_536, 100_000, 1_000_000])(
    "accepts pieces of %d bytes",
    async (pieceBytes) => {
      const body = {
        text: `"\\${"日本語 😀 [{,:".repeat(pieceBytes === 1 ? 100 : 9000)}`,
        list: [1],
      };
      expect(await read(JSON.stringify(body), anything, pieceBytes)).toEqual(body);
    },
  );

  test.each([
    ["an empty body", "", 400],
    ["half of JSON", "{", 400],
    ["half of a character", Buffer.from([0x22, 0xe2, 0x82]), 400],
    ["a byte that is not UTF-8", Buffer.from([0x22, 0xff, 0x22]), 400],
    ["one byte too many", `"${"x".repeat(2 ** 23 - 1)}"`, 413],
  ])("rejects %s", async (_, text, status) => {
    await expect(read(text)).rejects.toMatchObject({ status });
  });

  test("a body that fails during transfer counts as a disconnected client", async () => {
    const body = new ReadableStream({ pull: (controller) => controller.error(new Error("reset")) });
    const headers = { "content-type": "application/json" };
    const init = { method: "POST", headers, body, duplex: "half" } as RequestInit;
    const reading = readBody(new Request("http://localhost/", init), anything, 1024);
    await expect(reading).rejects.toMatchObject({ status: 499, code: "ABORTED" });
  });

  test("other tasks run while a long body is read", async () => {
    let turns = 0;
    const counting = setInterval(() => turns++);
    const body = { text: "日".repeat(2 ** 20) };
    // In one piece, like from a framework.
    await read(JSON.stringify(body), anything, 2 ** 23);
    clearInterval(counting);
    expect(turns).toBeGreaterThan(5);
  });
});

describe("limits", () => {
  const { depth, containers, keys, values } = jsonLimits;
  const keyed = (count: number) => `{${Array.from({ length: count }, (_, i) => `"${i}":0`)}}`;
  test.each([
    ["depth", "[".repeat(depth) + "]".repeat(depth)],
    ["containers", `[${Array.from({ length: containers - 1 }, () => "{}")}]`],
    ["keys", keyed(keys)],
    ["values", `[${Array.from({ length: values }, () => "0")}]`],
    [
      "brackets and commas inside strings, which do not count",
      JSON.stringify({ text: '[{,:"\\'.repeat(values) }),
    ],
  ])("accepts the maximum of %s", async (_, text) => {
    expect(await read(text)).toEqual(JSON.parse(text));
  });

  test.each([
    ["depth", 400, "[".repeat(4_000_000) + "]".repeat(4_000_000)],
    ["depth", 400, `${'{"a":'.repeat(depth + 1)}0${"}".repeat(depth + 1)}`],
    ["arrays and objects", 413, `[${"{},".repeat(containers)}0]`],
    ["keys", 413, keyed(keys + 1)],
    ["values", 413, `[${"0,".repeat(values)}0]`],
  ])("rejects more before parsing: %s", async (what, status, text) => {
    const message = expect.stringContaining(what === "depth" ? "nest at most" : what);
    await expect(read(text)).rejects.toMatchObject({ status, message });
  });
});

describe("checking", () => {
  const wrong = [null, 0, -1, 1.5, "", "x", true, [], {}, [[]], [{}], { type: "text" }];

  /** Each array, tuple and record in the bodies of all routes, with its route. */
  const collections = operations.flatMap(({ path, body }) => {
    const found = new Set<z.core.$ZodType>();
    const walk = (schema: z.core.$ZodType) => {
      if (found.has(schema)) return;
      found.add(schema);
      for (const inner of innerSchemas(schema)) walk(inner);
    };
    if (body !== undefined) walk(body);
    return [...found]
      .map((schema, index) => ({ name: `${path} ${schema._zod.def.type} ${index}`, schema }))
      .filter(({ schema }) => ["array", "tuple", "record"].includes(schema._zod.def.type));
  });

  test("finds the arrays of all routes", () => {
    expect(collections.length).toBeGreaterThan(20);
    expect(collections.filter(({ name }) => name.startsWith("/detokenize"))).toHaveLength(1);
  });

  test.each(collections)("stops at the first issue: $name", ({ schema }) => {
    for (const element of wrong) {
      const value = Array.from({ length: 2000 }, () => element);
      checkUntilIssue(schema as z.ZodType, value);
      // The same again, for all that zod has to say.
      const context: z.core.ParseContextInternal<z.core.$ZodIssue> = { abortEarly: true };
      const { error } = z.core.safeParse(schema, value, context);
      const said = JSON.stringify(error?.issues ?? []);
      expect(said.length, JSON.stringify(element)).toBeLessThan(4000);
    }
  });

  test.each([
    ["/v1/completions", '{"prompt":[', "{},", "{}]}"],
    ["/v1/completions", '{"prompt":[', "-1,", "-1]}"],
    ["/v1/completions", '{"prompt":"a","stop":[', "0,", "0]}"],
    ["/v1/completions", '{"prompt":"a","logit_bias":[', "[0,1000],", "0]}"],
    ["/v1/chat/completions", '{"messages":[', "0,", "0]}"],
    ["/v1/chat/completions", '{"messages":[', '{"role":"user"},', "0]}"],
    ["/v1/chat/completions", '{"messages":[{"role":"user","content":[', "0,", "0]}]}"],
    ["/v1/embeddings", '{"input":[', "[],", "[]]}"],
    ["/infill", '{"input_prefix":"a","input_extra":[', "0,", "0]}"],
    ["/detokenize", '{"tokens":[', "-1,", "-1]}"],
  ])("rejects a body of %s full of wrong elements: %s %s", async (path, before, element, after) => {
    const body = operations.find((each) => each.path === path)?.body ?? z.never();
    // A key and an array may be in each.
    const text = before + element.repeat(jsonLimits.keys - 10) + after;
    await expect(read(text, body)).rejects.toMatchObject({ status: 400 });
    const long = before + element.repeat(2 ** 23 / element.length - 100) + after;
    const status = expect.toSatisfy((value) => value === 400 || value === 413);
    await expect(read(long, body)).rejects.toMatchObject({ status });
  });

  test.each([
    [{ prompt: [1, -1] }, "prompt[1]"],
    [{ prompt: ["a", 1] }, "prompt[1]"],
    [{ prompt: [[1], [2, "a"]] }, "prompt[1][1]"],
    [{ prompt: [{}] }, "prompt"],
    [{ prompt: "a", stop: ["b", 1] }, "stop[1]"],
    [
      {
        prompt: "a",
        logit_bias: [
          [1, 2],
          [3, "x"],
        ],
      },
      "logit_bias[1][1]",
    ],
  ])("names the field of the intended alternative: %j", async (value, field) => {
    const body = operations.find(({ path }) => path === "/v1/completions")?.body ?? z.never();
    await expect(read(JSON.stringify(value), body)).rejects.toMatchObject({ status: 400, field });
  });

  test("cuts an error message that quotes a very long value", () => {
    const error = new HttpError(400, "INVALID_ARGUMENT", `not ${"😀".repeat(1_000_000)}`);
    expect(errorBody(error)).toMatchObject({
      error: { message: expect.stringMatching(/^not (😀){400,500}.?…$/u) },
    });
  });

  test("names a very long key by its beginning", async () => {
    const schema = z.object({ bias: z.record(z.string().regex(/^\d+$/), z.number()) });
    const failing = read(JSON.stringify({ bias: { ["k".repeat(1_000_000)]: 1 } }), schema);
    await expect(failing).rejects.toMatchObject({
      status: 400,
      field: expect.stringMatching(/^bias\.k{190,200}…$/),
    });
  });
});
