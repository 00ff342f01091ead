import { runInNewContext } from "node:vm";
import { checkValue, type Rule, type Rules } from "../../lib/options/check.ts";
import { hostileJson, hostileNumber, hostileText } from "./hostile-values.ts";
import type { Random } from "./random.ts";

/** The error that getters of these values throw. The library must wrap it. */
export const getterFailure = new RangeError("thrown by a getter of the caller");

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable([], {});
  revoke();
  return proxy;
}

function detached(): Int32Array {
  const tokens = new Int32Array(4);
  structuredClone(tokens, { transfer: [tokens.buffer] });
  return tokens;
}

function nested(levels: number): object {
  let value: object = {};
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { inner: value };
  return value;
}

function circular(): object {
  const value: { self?: object; list?: object[] } = {};
  value.self = value;
  value.list = [value, value];
  return value;
}

/** An object whose getter returns another value after the first read. */
function changing(random: Random): object {
  const names = ["length", "role", "content", "prefix", "maxTokens", "0", "type", "text"] as const;
  let reads = 0;
  return Object.defineProperty({}, random.pick(names), {
    enumerable: true,
    get: () => (reads++ === 0 ? 1 : hostileText(random, 3)),
  });
}

class Instance {
  readonly content = "x";
  readonly role = "user";
  get maxTokens() {
    return 2;
  }
}

/** Expressions for values of another realm. */
const foreignExpressions = [
  "new Map([[1, 2]])",
  "new Int32Array([1, 2])",
  "[{ role: 'user', content: 'x' }]",
  "({ maxTokens: 2 })",
  "new Error('x')",
  "Promise.resolve(1)",
  "Symbol.iterator",
] as const;

const values = [
  () => undefined,
  () => null,
  () => 5n,
  () => 2n ** 70_000n,
  () => Symbol("x"),
  () => Symbol.asyncIterator,
  () => () => 1,
  () => Instance,
  () => new Instance(),
  () => Number.NaN,
  () => Number.NEGATIVE_INFINITY,
  () => "",
  () => "\0",
  () => "x".repeat(100_000),
  () => new String("text"),
  () => new Map<unknown, unknown>([[1, 1]]),
  () => new Set([1]),
  () => new WeakMap(),
  () => new Date(),
  () => new Date(Number.NaN),
  () => Promise.resolve({}),
  () => new Proxy({}, {}),
  () => new Proxy([], { get: () => 3 }),
  () => new Proxy({}, { ownKeys: () => ["a", "a"] }),
  revoked,
  detached,
  () => Int32Array.of(1, 2, 3),
  () => Int32Array.of(-1, 2 ** 31 - 1),
  () => new Uint8Array(3),
  () => new Int32Array(new SharedArrayBuffer(8)),
  () => new Array(3),
  () => new Array(2 ** 32 - 1),
  () => Object.create(null),
  () => Object.create({ maxTokens: 2 }),
  () => JSON.parse('{"__proto__": {"maxTokens": -1}, "constructor": 1}'),
  () => nested(10_000),
  () => nested(70),
  circular,
  () => AbortSignal.abort(),
  () => new EventTarget(),
  () => new Error("x"),
  () => globalThis,
  () =>
    Object.defineProperty({}, "role", {
      enumerable: true,
      get() {
        throw getterFailure;
      },
    }),
] as const;

/** A JavaScript value of any kind. */
export function hostileValue(random: Random): unknown {
  const kind = random.below(8);
  if (kind === 0) return hostileJson(random);
  if (kind === 1) return hostileNumber(random);
  if (kind === 2) return hostileText(random);
  if (kind === 3) return changing(random);
  if (kind === 4) return runInNewContext(random.pick(foreignExpressions));
  return random.pick(values)();
}

/** A value that a rule allows, built from the words and numbers of its message; undefined after 20 misses. */
export function allowedValue(random: Random, rule: Rule): unknown {
  for (let attempt = 0; attempt < 20; attempt++) {
    const value = candidate(random, rule.allowed);
    if (isAllowed(value, rule)) return value;
  }
  return undefined;
}

function isAllowed(value: unknown, rule: Rule): boolean {
  try {
    checkValue(value, rule, "value");
    return true;
  } catch {
    return false;
  }
}

function candidate(random: Random, allowed: string): unknown {
  const words = [...allowed.matchAll(/"([^"]*)"/g)].map(([, word]) => word ?? "");
  const [low = 0, high = low] = [...allowed.matchAll(/-?\d+(\.\d+)?/g)].map(([text]) =>
    Number(text),
  );
  const makers = [
    () => random.below(2) === 0,
    () => Math.floor(low + random.next() ** 4 * (high - low)),
    () => low + random.next() * (high - low),
    () => words[random.below(words.length)],
    () => words[random.below(words.length)],
    () => hostileText(random, 4) || "x",
    () => [hostileText(random, 2) || "x"],
    () => [random.below(100), random.below(100)],
    () => [{ path: "a.py", text: "x = 1\n" }],
    () => ({ type: "object", properties: { a: { type: "integer" } } }),
    () => new Map([[random.below(100), random.next()]]),
    () => new AbortController().signal,
    () => () => {},
  ] as const;
  return random.pick<() => unknown>(makers)();
}

/**
 * Random options of a table, most of them allowed.
 * @param hostileEvery - one value in `hostileEvery` is hostile; 0 = none
 */
export function randomOptions(random: Random, rules: Rules, hostileEvery: number): object {
  const names = Object.keys(rules);
  const count = random.below(Math.min(6, names.length + 1));
  const options: Record<string, unknown> = {};
  for (let index = 0; index < count; index++) {
    const name = names[random.below(names.length)] ?? "";
    const rule = rules[name];
    if (hostileEvery > 0 && random.below(hostileEvery) === 0) options[name] = hostileValue(random);
    else if (rule !== undefined && isRule(rule)) options[name] = allowedValue(random, rule);
    else if (rule !== undefined) options[name] = randomOptions(random, rule as Rules, hostileEvery);
  }
  return options;
}

function isRule(rule: Rule | Rules): rule is Rule {
  return typeof rule.accepts === "function";
}
