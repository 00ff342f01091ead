import { integer, invalidArgument, type Rule, show } from "./check.ts";
import type { GenerateOptions } from "./generate.ts";

/** The ids of a vocabulary; the size is 0 where it is unknown, as a remote model's may be. */
function tokenId(vocabularySize: number): Rule {
  return integer(0, (vocabularySize > 0 ? vocabularySize : 2 ** 31) - 1);
}

/** The tokens of `stopTokens`. @throws CodeLlamaError `INVALID_ARGUMENT` */
export function stopTokenIds(
  ids: GenerateOptions["stopTokens"],
  vocabularySize: number,
  where: string,
): Int32Array | undefined {
  if (ids === undefined) return undefined;
  const token = tokenId(vocabularySize);
  for (const [index, id] of ids.entries()) {
    if (token.accepts(id)) continue;
    throw invalidArgument(
      `${where}: stopTokens[${index}] must be ${token.allowed}, not ${show(id)}`,
    );
  }
  return Int32Array.from(ids);
}

/** The pairs of `logitBias`. @throws CodeLlamaError `INVALID_ARGUMENT` */
export function logitBiasPairs(
  bias: GenerateOptions["logitBias"],
  vocabularySize: number,
  where: string,
): [number, number][] | undefined {
  if (bias === undefined) return undefined;
  const entries = bias instanceof Map ? [...bias] : Object.entries(bias);
  const token = tokenId(vocabularySize);
  return entries.map(([key, value]) => {
    const id = Number(key);
    if (!token.accepts(id)) {
      throw invalidArgument(
        `${where}: logitBias: token id must be ${token.allowed}, not ${show(key)}`,
      );
    }
    if (typeof value !== "number" || !(value <= 1e6)) {
      throw invalidArgument(
        `${where}: logitBias[${id}] must be a number from -Infinity to 1000000, not ${show(value)}`,
      );
    }
    return [id, value];
  });
}
