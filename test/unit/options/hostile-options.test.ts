import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { isAbortSignal } from "../../../lib/base/brands.ts";
import { chatTable } from "../../../lib/options/chat.ts";
import { checkOptions, integer, listOf, text } from "../../../lib/options/check.ts";
import { generateTable } from "../../../lib/options/generate.ts";
import { infillTable } from "../../../lib/options/infill.ts";
import { copyJson } from "../../../lib/options/json.ts";
import { copyMessages } from "../../../lib/options/messages.ts";
import { checkCall, requestOptions } from "../../../lib/options/request.ts";
import { circular, nested, revoked } from "../../helpers/hostile-objects.ts";

const rules = { count: integer(0, 9), names: listOf(text, 3), inner: { size: integer(1, 2) } };
const check = (options: unknown) => checkOptions(options, rules, "call()");
const engine = { model: { vocabularySize: 32016 }, loras: [] };
const bias = (logitBias: unknown) => {
  const checked = checkCall({ logitBias } as object, generateTable, "generate()");
  return requestOptions(checked, generateTable, engine, "generate()").logitBias;
};

const invalid = (message: RegExp) =>
  expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringMatching(message) });

describe("rejects an options object", () => {
  test.each<[string, unknown, RegExp]>([
    ["null", null, /options must be an object \(got null\)/],
    ["a bigint", 5n, /\(got 5n\)/],
    ["a bigint of a million digits", 2n ** 3_000_000n, /\(got a bigint\)/],
    ["a Symbol", Symbol("x"), /\(got a symbol\)/],
    ["a function", () => {}, /\(got a function\)/],
    ["a Map", new Map([["count", 1]]), /\(got an object of Map\)/],
    ["a Promise", Promise.resolve({}), /\(got an object of Promise\)/],
    ["a revoked Proxy", revoked(), /options cannot be read/],
    ["a revoked Proxy inside", { inner: revoked() }, /options cannot be read/],
    ["a revoked Proxy as a list", { names: revoked() }, /names cannot be read/],
    [
      "a getter that throws",
      {
        get count() {
          throw new RangeError("not now");
        },
      },
      /options cannot be read: not now/,
    ],
    [
      "a Proxy whose keys throw",
      new Proxy({}, { ownKeys: () => Symbol.iterator as never }),
      /options cannot be read/,
    ],
    [
      "a thrown value that cannot be shown",
      {
        get count() {
          throw revoked();
        },
      },
      /options cannot be read: an object that cannot be read/,
    ],
    ["a list with holes", { names: new Array(2) }, /\(got an array of 2 with holes\)/],
    [
      "a list of 2³²-1 holes",
      { names: new Array(2 ** 32 - 1) },
      /\(got an array of 4294967295 with holes\)/,
    ],
    ["a class without a name", { count: new (class {})() }, /count must be .* no class/],
    ["a name of a million characters", { ["n".repeat(1e6)]: 1 }, /unknown option "n{40}…"; known/],
    ["an option named constructor", { constructor: 1 }, /unknown option "constructor"/],
  ])("%s", (_, options, message) => {
    expect(() => check(options)).toThrow(invalid(message));
  });
});

describe("copies an options object", () => {
  test("reading each getter once", () => {
    let asked = 0;
    const options = {
      get count() {
        return asked++;
      },
    };
    expect(check(options)).toEqual({ count: 0 });
    expect(asked).toBe(1);
  });

  test("so that later changes have no effect", () => {
    const options = { names: ["a"], inner: { size: 1 } };
    const copy = check(options);
    options.names.push("b");
    options.inner.size = 7;
    expect(copy).toEqual({ names: ["a"], inner: { size: 1 } });
  });

  test("from class instances, null prototypes, inherited defaults and other realms", () => {
    class Defaults {
      get count() {
        return 4;
      }
    }
    expect(check(new Defaults())).toEqual({ count: 4 });
    expect(check(Object.create({ count: 5 }))).toEqual({ count: 5 });
    expect(check(Object.assign(Object.create(null), { count: 6 }))).toEqual({ count: 6 });
    expect(check(runInNewContext("({ count: 7, names: ['a'] })"))).toEqual({
      count: 7,
      names: ["a"],
    });
  });

  test("without properties that were added to Object.prototype", () => {
    Object.defineProperty(Object.prototype, "count", { value: -1, configurable: true });
    try {
      const copy = check({ inner: { size: 1 } }) as { count?: number };
      expect(copy.count).toBeUndefined();
    } finally {
      Reflect.deleteProperty(Object.prototype, "count");
    }
  });

  test("by the indices of an array, without calling its iterator", () => {
    const names = Object.assign(["a"], { [Symbol.iterator]: () => [1].values() });
    expect(check({ names })).toEqual({ names: ["a"] });
  });
});

describe("logitBias", () => {
  test("is read from objects and from Maps of any realm", () => {
    expect(bias({ 5: 1 })).toEqual([[5, 1]]);
    expect(bias(new Map([[5, 1]]))).toEqual([[5, 1]]);
    expect(bias(runInNewContext("new Map([[5, 1]])"))).toEqual([[5, 1]]);
    class Sly extends Map<number, number> {
      override [Symbol.iterator]() {
        return [["x", "y"]].values() as never;
      }
    }
    expect(bias(new Sly([[6, 2]]))).toEqual([[6, 2]]);
  });

  test.each<[string, unknown, RegExp]>([
    ["a Set", new Set([5]), /logitBias must be .* \(got an object of Set\)/],
    ["an empty name", { "": 1 }, /token id must be .* \(got ""\)/],
    ["a name in another spelling", { "0x10": 1 }, /\(got "0x10"\)/],
    ["a Symbol as an id", new Map([[Symbol("x"), 1]]), /\(got a symbol\)/],
    ["a bigint as an id", new Map([[5n, 1]]), /\(got 5n\)/],
    ["a bigint as a bias", { 5: 5n }, /logitBias\[5\] must be/],
    [
      "a million entries",
      new Map(Array.from({ length: 1e6 }, (_, id) => [id, 0])),
      /at most 524288/,
    ],
    ["an object of a million", Object.fromEntries(new Array(1e6).fill(0).entries()), /at most/],
  ])("is refused: %s", (_, logitBias, message) => {
    expect(() => bias(logitBias)).toThrow(invalid(message));
  });
});

describe("copyJson()", () => {
  const limits = { depth: 64, size: 2 ** 20 };
  let doubled: object = {};
  for (let level = 0; level < 40; level++) doubled = { left: doubled, right: doubled };

  test.each<[string, unknown, RegExp]>([
    ["10,000 levels", nested(10_000), /nested more than 64 deep/],
    ["a circle", circular, /nested more than 64 deep/],
    ["2⁴⁰ values by shared references", doubled, /at most 1048576 values/],
    ["a sparse array of 2³²-1", { list: new Array(2 ** 32 - 1) }, /at most 1048576 values/],
    ["a bigint", { a: [5n] }, /data\.a\[0\] must be JSON \(got 5n\)/],
    ["a Symbol", { a: Symbol("x") }, /data\.a must be JSON/],
    ["a function", { a() {} }, /data\.a must be JSON \(got a function\)/],
    ["NaN", { a: Number.NaN }, /data\.a must be JSON \(got NaN\)/],
    ["a hole", new Array(1), /data\[0\] must be JSON \(got undefined\)/],
    ["a revoked Proxy", { a: revoked() }, /data cannot be read/],
  ])("rejects %s", (_, value, message) => {
    expect(() => copyJson(value, "data", limits)).toThrow(invalid(message));
  });

  test("treats toJSON, undefined and __proto__ like JSON.stringify", () => {
    const value = { at: new Date(0), none: undefined, ...JSON.parse('{"a": {"__proto__": 1}}') };
    const copy = copyJson(value, "data", limits);
    expect(JSON.stringify(copy)).toBe('{"at":"1970-01-01T00:00:00.000Z","a":{"__proto__":1}}');
  });
});

describe("rejects in a mode's options", () => {
  test.each<[string, unknown, RegExp]>([
    ["a stop string of a megabyte", { stop: "a".repeat(1e6) }, /stop must be .* at most 4096/],
    ["tools of 10,000 levels", { tools: [nested(10_000)] }, /chat\(\): tools is nested/],
    ["a schema of 10,000 levels", { jsonSchema: nested(10_000) }, /jsonSchema is nested/],
    ["tools with a hole", { tools: new Array(1) }, /tools\[0\] must be JSON/],
  ])("%s", (_, options, message) => {
    expect(() => checkCall(options as object, chatTable, "chat()")).toThrow(invalid(message));
  });

  test("a million context files", () => {
    const context = new Array(1e6).fill({ path: "a.py", text: "" });
    expect(() => checkCall({ context } as object, infillTable, "infill()")).toThrow(
      invalid(/context must be an array of at most 10000, each \{ path, text \}/),
    );
  });
});

test("copies messages with their other properties", () => {
  const message = { role: "assistant" as const, content: "a", tool_calls: [{ id: "1" }] };
  const messages = [message];
  const copy = copyMessages(messages, "chat()");
  message.content = "b";
  message.tool_calls[0] = { id: "2" };
  messages.pop();
  expect(copy).toEqual([{ role: "assistant", content: "a", tool_calls: [{ id: "1" }] }]);
  expect(() => copyMessages(new Array(1), "chat()")).toThrow(invalid(/messages must be an array/));
  expect(() => copyMessages([{ ...message, tool_calls: circular } as never], "chat()")).toThrow(
    invalid(/messages\[0\]\.tool_calls is nested/),
  );
});

test("recognises an AbortSignal by its members", () => {
  // Like the signals of jsdom and of polyfills.
  class Foreign extends EventTarget {
    readonly aborted = false;
    readonly [Symbol.toStringTag] = "AbortSignal";
  }
  expect(isAbortSignal(new AbortController().signal)).toBe(true);
  expect(isAbortSignal(new Foreign())).toBe(true);
  expect(isAbortSignal(new EventTarget())).toBe(false);
  expect(isAbortSignal({ aborted: false })).toBe(false);
});
