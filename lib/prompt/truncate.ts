/** What a prompt's text takes, in tokens. */
export type TokenCounter = (text: string) => Promise<number>;

export interface Surroundings {
  readonly prefix: string;
  readonly suffix: string;
}

// The prefix matters more: of the budget, the suffix gets what the prefix leaves, and at least:
const suffixShare = 1 / 4;
// The prefix is cut in steps of this share of its budget, so that it begins at the same place for
// many keystrokes and the KV cache stays of use.
const stepShare = 1 / 4;

/**
 * Keeps the end of the prefix and the beginning of the suffix, cut at line borders: together at
 * most `budget` tokens, and of these a quarter for the suffix, more where the prefix is short.
 */
export async function truncate(
  { prefix, suffix }: Surroundings,
  budget: number,
  count: TokenCounter,
): Promise<Surroundings> {
  const [prefixTokens, suffixTokens] = await Promise.all([count(prefix), count(suffix)]);
  if (prefixTokens + suffixTokens <= budget) return { prefix, suffix };
  const forSuffix = Math.max(Math.floor(budget * suffixShare), budget - prefixTokens);
  const kept = await beginning(suffix, suffixTokens, Math.min(suffixTokens, forSuffix), count);
  const left = budget - (await count(kept));
  return { prefix: await end(prefix, prefixTokens, left, count), suffix: kept };
}

async function beginning(text: string, tokens: number, budget: number, count: TokenCounter) {
  let kept = text;
  // An empty text may still count, where the prompt has tokens of its own.
  for (let size = tokens; size > budget && kept !== ""; size = await count(kept)) {
    const length = Math.floor(kept.length * Math.min(budget / size, 0.95));
    kept = wholeLines(kept, length);
  }
  return kept;
}

async function end(text: string, tokens: number, budget: number, count: TokenCounter) {
  if (tokens <= budget) return text;
  const unitsPerToken = text.length / tokens;
  const step = Math.max(1, Math.floor(budget * stepShare * unitsPerToken));
  let cut = Math.ceil((text.length - budget * unitsPerToken) / step) * step;
  for (; cut < text.length; cut += step) {
    const kept = text.slice(nextLine(text, cut));
    if (kept !== "" && (await count(kept)) <= budget) return kept;
  }
  // No line border leaves enough: the last line is long.
  return lastUnits(text, budget);
}

/** The text's beginning of at most `length`, without the line that it would break. */
function wholeLines(text: string, length: number): string {
  const lineEnd = text.lastIndexOf("\n", length - 1);
  // Each token has at least one unit, so that a long first line gets shorter until it fits.
  return text.slice(0, lineEnd > 0 ? lineEnd : atCharacter(text, length));
}

function nextLine(text: string, from: number): number {
  const lineEnd = text.indexOf("\n", from - 1);
  return lineEnd < 0 ? text.length : lineEnd + 1;
}

function lastUnits(text: string, units: number): string {
  // A character outside the vocabulary takes up to four tokens.
  return text.slice(atCharacter(text, text.length - Math.floor(units / 4)));
}

/** The place, or the one before it where it would split a surrogate pair. */
function atCharacter(text: string, place: number): number {
  const unit = text.charCodeAt(place);
  return unit >= 0xdc00 && unit <= 0xdfff ? place - 1 : place;
}
