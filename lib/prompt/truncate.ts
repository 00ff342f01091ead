/** Counts the tokens that a text takes in a prompt. */
export type TokenCounter = (text: string) => Promise<number>;

/** A counter that counts each text once and remembers the result. */
export function countOnce(count: TokenCounter): TokenCounter {
  const counts = new Map<string, Promise<number>>();
  return (text) => {
    const known = counts.get(text) ?? count(text);
    counts.set(text, known);
    return known;
  };
}

export interface Surroundings {
  readonly prefix: string;
  readonly suffix: string;
}

// Smallest share of the budget for the suffix. It gets more if the prefix is short: the prefix
// matters more.
const suffixShare = 1 / 4;
// The prefix is cut in steps of this share of its budget. It then starts at the same place for many
// keystrokes, and the prefix cache keeps its value.
const stepShare = 1 / 4;

/**
 * Keeps the end of the prefix and the beginning of the suffix, cut at line breaks: together at most
 * `budget` tokens. The suffix gets a quarter of them, or more if the prefix is short.
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
  // An empty text may still have tokens: the count can include the prompt's control tokens.
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
  // No cut at a line break fits, because the last line is too long.
  return lastUnits(text, budget);
}

/** Returns at most `length` UTF-16 units from the beginning, without a partial last line. */
function wholeLines(text: string, length: number): string {
  const lineEnd = text.lastIndexOf("\n", length - 1);
  // A long first line is cut inside the line: the caller repeats this until the text fits.
  return text.slice(0, lineEnd > 0 ? lineEnd : atCharacter(text, length));
}

function nextLine(text: string, from: number): number {
  const lineEnd = text.indexOf("\n", from - 1);
  return lineEnd < 0 ? text.length : lineEnd + 1;
}

function lastUnits(text: string, units: number): string {
  // A character outside the vocabulary has up to four tokens.
  return text.slice(atCharacter(text, text.length - Math.floor(units / 4)));
}

/** Returns `place`, or `place - 1` if `place` would split a surrogate pair. */
function atCharacter(text: string, place: number): number {
  const unit = text.charCodeAt(place);
  return unit >= 0xdc00 && unit <= 0xdfff ? place - 1 : place;
}
