import type { SplitOptions } from "../options/split.ts";

interface Line {
  /** Includes the line break. */
  readonly text: string;
  readonly tokens: number;
  /** Penalty for starting a piece at this line; 0 is best. */
  readonly cost: number;
}

/**
 * Splits long source code where a reader would: before declarations and after blank lines,
 * preferably at low indentation. Without an overlap, the joined pieces equal the text.
 * @param count - returns the number of tokens of a text
 */
export function splitCode(
  text: string,
  { maxTokens, overlap = 0 }: SplitOptions,
  count: (text: string) => number,
): string[] {
  const lines = readLines(text, maxTokens - overlap, count);
  const pieces: string[] = [];
  for (let start = 0; start < lines.length; ) {
    const room = pieces.length === 0 ? maxTokens : maxTokens - overlap;
    const end = pieceEnd(lines, start, room, count);
    const first =
      pieces.length === 0 ? start : overlapStart(lines, start, end, overlap, maxTokens, count);
    pieces.push(join(lines, first, end));
    start = end;
  }
  return pieces;
}

function readLines(text: string, maxTokens: number, count: (text: string) => number): Line[] {
  const texts = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  return texts.flatMap((line, index) => {
    const cost = beginningCost(line, texts[index - 1]);
    return cutLongLine(line, maxTokens, count).map((part, place) => ({
      text: part,
      tokens: count(part),
      cost: place === 0 ? cost : 1000,
    }));
  });
}

/** Penalty for starting a piece at this line: grows with indentation, lowest for declarations. */
function beginningCost(line: string, before: string | undefined): number {
  const content = line.trimStart();
  const indentation = line.length - content.length;
  if (content === "" || /^[)\]}]/.test(content)) return 500 + indentation;
  const afterBlank = before === undefined || before.trim() === "";
  const declares =
    /^(@|#\[|export |pub |public |private |static |async |def |class |function |fn |func |struct |enum |interface |type |impl |const |template\b)/.test(
      content,
    );
  return indentation * 4 + (afterBlank ? 0 : declares ? 1 : 40);
}

/** Cuts a line that exceeds `maxTokens` between characters. Returns other lines unchanged. */
function cutLongLine(line: string, maxTokens: number, count: (text: string) => number): string[] {
  if (count(line) <= maxTokens) return [line];
  const characters = [...line];
  const parts: string[] = [];
  for (let start = 0; start < characters.length; ) {
    let size = Math.min(characters.length - start, maxTokens * 4);
    while (size > 1 && count(characters.slice(start, start + size).join("")) > maxTokens) {
      size = Math.ceil(size / 2);
    }
    parts.push(characters.slice(start, start + size).join(""));
    start += size;
  }
  return parts;
}

/** Returns the end of the piece that starts at `start`: the best place in its second half. */
function pieceEnd(
  lines: readonly Line[],
  start: number,
  maxTokens: number,
  count: (text: string) => number,
): number {
  let end = start + 1;
  let tokens = lines[start]?.tokens ?? 0;
  while (end < lines.length && tokens + (lines[end]?.tokens ?? 0) <= maxTokens) {
    tokens += lines[end++]?.tokens ?? 0;
  }
  // Joined lines may have more tokens than the lines have separately.
  const fits = (last: number) => count(join(lines, start, last)) <= maxTokens;
  if (!fits(end)) end = bisect(start + 1, end, fits);
  if (end === lines.length) return end;
  let best = end;
  for (let place = end; place > start + (end - start) / 2; place--) {
    if ((lines[place]?.cost ?? 0) < (lines[best]?.cost ?? 0)) best = place;
  }
  return best;
}

function overlapStart(
  lines: readonly Line[],
  start: number,
  end: number,
  overlap: number,
  maxTokens: number,
  count: (text: string) => number,
): number {
  // Each line has at least one token, so at most `overlap` lines fit.
  const longest = Math.min(start, overlap);
  const fits = (length: number) =>
    count(join(lines, start - length, start)) <= overlap &&
    count(join(lines, start - length, end)) <= maxTokens;
  return start - bisect(0, longest + 1, fits);
}

/** Returns the largest number in [`fitting`, `tooMany`) that fits, by binary search. */
function bisect(fitting: number, tooMany: number, fits: (number: number) => boolean): number {
  let [low, high] = [fitting, tooMany];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return low;
}

function join(lines: readonly Line[], first: number, end: number): string {
  let text = "";
  for (let index = first; index < end; index++) text += lines[index]?.text ?? "";
  return text;
}
