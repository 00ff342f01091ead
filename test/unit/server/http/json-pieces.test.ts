import { expect, test } from "vitest";
import { inSlices, JsonText, jsonPieces, later } from "../../../../lib/server/http/json-pieces.ts";
import { slicedAnswer } from "../../../../lib/server/http/sliced-answer.ts";

const written = (value: unknown) => [...jsonPieces(value)].join("");

test.each([
  [null],
  [1.5],
  [Number.NaN],
  ['quote " 日本 \ud800'],
  [[]],
  [{}],
  [[1, "a", null, undefined, [2], {}, [], { a: [] }]],
  [{ a: 1, b: undefined, "c\n": { d: [true] }, __proto__: null }],
  [Array.from({ length: 1000 }, (_, index) => (index % 300 === 0 ? { index } : index))],
])("writes the same JSON as JSON.stringify: %j", (value) => {
  expect(written(value)).toBe(JSON.stringify(value));
});

test("writes iterables as arrays and computes each element when it is written", () => {
  const numbers = function* () {
    yield 1;
    yield new JsonText('{"a":2}');
  };
  expect(written({ list: numbers() })).toBe('{"list":[1,{"a":2}]}');
  expect(written(Float32Array.of(0.5, 0.1))).toBe(JSON.stringify([0.5, Math.fround(0.1)]));
  let made = 0;
  const pieces = jsonPieces([later(() => ++made), later(() => ({ made: ++made }))]);
  pieces.next();
  expect(made).toBe(0);
  expect(JSON.parse(`[${[...pieces].join("")}`)).toEqual([1, { made: 2 }]);
});

test("a long answer runs one slice per turn of the event loop", async () => {
  const slow = function* () {
    for (let count = 0; count < 50; count++) {
      const end = performance.now() + 1;
      while (performance.now() < end);
      yield "x";
    }
  };
  let turns = 0;
  let going = true;
  const count = () => {
    turns++;
    if (going) setImmediate(count);
  };
  count();
  let slices = 0;
  const read = async () => {
    for await (const _ of inSlices(slow())) slices++;
  };
  await Promise.all([read(), read(), read()]);
  going = false;
  expect(slices).toBeGreaterThan(100);
  expect(turns).toBeGreaterThanOrEqual(slices);
});

function answer(value: unknown, signal = new AbortController().signal) {
  const ends: unknown[] = [];
  let streams = false;
  const response = slicedAnswer(value, {
    signal,
    onStream: () => {
      streams = true;
    },
    onEnd: (error) => ends.push(error),
  });
  return { response, ends, streams: () => streams };
}

const million = function* () {
  for (let number = 0; number < 1_000_000; number++) yield number;
};

test("sends a short answer in one piece", async () => {
  const { response, ends, streams } = answer({ a: [1] });
  expect(await (await response).json()).toEqual({ a: [1] });
  expect([streams(), ends]).toEqual([false, []]);
});

test("sends a long answer as a stream that ends once", async () => {
  const { response, ends, streams } = answer(million());
  const numbers = (await (await response).json()) as number[];
  expect([numbers.length, numbers[999_999]]).toEqual([1_000_000, 999_999]);
  expect([streams(), ends]).toEqual([true, [undefined]]);
});

test("stops writing when the client disconnects", async () => {
  let written = 0;
  const numbers = function* () {
    try {
      for (;;) yield written++;
    } finally {
      written = -1;
    }
  };
  const { response, ends } = answer(numbers());
  await (await response).body?.cancel();
  expect(written).toBe(-1);
  expect(ends).toEqual([expect.objectContaining({ status: 499 })]);
});

test("makes the transfer of a cut answer fail, even if nobody reads it", async () => {
  const controller = new AbortController();
  const { response, ends } = answer(million(), controller.signal);
  const cut = await response;
  const reason = new Error("shutting down");
  controller.abort(reason);
  expect(ends).toEqual([reason]);
  await expect(cut.json()).rejects.toBe(reason);
});
