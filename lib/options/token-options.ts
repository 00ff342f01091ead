import { types } from "node:util";
import { invalidArgument, show } from "../base/arguments.ts";
import { integer, isRecord, type Rule } from "./check.ts";

/** The rule for token ids. `vocabularySize` is 0 when a remote engine does not report it. */
function tokenId(vocabularySize: number): Rule {
  return integer(0, (vocabularySize > 0 ? vocabularySize : 2 ** 31) - 1);
}

/** The tokens of `stopTokens`. @throws CodeLlamaError `INVALID_ARGUMENT` */
export function stopTokenIds(
  ids: readonly number[],
  vocabularySize: number,
  where: string,
): Int32Array {
  const token = tokenId(vocabularySize);
  for (const [index, id] of ids.entries()) {
    if (token.accepts(id)) continue;
    throw invalidArgument(
      `${where}: stopTokens[${index}] must be ${token.allowed} (got ${show(id)})`,
    );
  }
  return Int32Array.from(ids);
}

/** Values to add to logits, by token id. */
export type LogitBias = Readonly<Record<number, number>> | ReadonlyMap<number, number>;

// Larger than any vocabulary.
const mostEntries = 2 ** 19;

/** Copies a map or an object into a Map of this realm. */
export const logitBiasRule: Rule<LogitBias> = {
  allowed: `an object or Map of at most ${mostEntries} token ids and numbers`,
  copy(value) {
    if (types.isMap(value)) return sizeOf(value) > mostEntries ? undefined : copyMap(value);
    if (!isRecord(value)) return undefined;
    const names = Object.keys(value);
    if (names.length > mostEntries) return undefined;
    return new Map(names.map((name) => [name, value[name]]));
  },
  accepts: types.isMap,
};

/**
 * Pairs of token id and bias, for the addon.
 * @param bias - copy that `logitBiasRule` made
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export function logitBiasPairs(
  bias: LogitBias,
  vocabularySize: number,
  where: string,
): [number, number][] {
  const token = tokenId(vocabularySize);
  return Array.from(bias as ReadonlyMap<unknown, unknown>, ([key, value]) => {
    const id = idOf(key);
    if (id === undefined || !token.accepts(id)) {
      throw invalidArgument(
        `${where}: logitBias: token id must be ${token.allowed} (got ${show(key)})`,
      );
    }
    if (typeof value !== "number" || !(value <= 1e6)) {
      throw invalidArgument(
        `${where}: logitBias[${id}] must be between -Infinity and 1000000 (got ${show(value)})`,
      );
    }
    return [id, value];
  });
}

/** The token id of a key. Undefined for other spellings of a number, such as `""` or `"0x10"`. */
function idOf(key: unknown): number | undefined {
  if (typeof key === "number") return key;
  return typeof key === "string" && String(Number(key)) === key ? Number(key) : undefined;
}

// Reads the size of the map itself: a subclass or another realm may override `size`.
function sizeOf(map: ReadonlyMap<unknown, unknown>): number {
  return Reflect.get(Map.prototype, "size", map) as number;
}

function copyMap(map: ReadonlyMap<unknown, unknown>): Map<unknown, unknown> {
  const copy = new Map<unknown, unknown>();
  Map.prototype.forEach.call(map, (value, key) => copy.set(key, value));
  return copy;
}
