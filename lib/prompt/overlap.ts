// Longest overlap that is detected, in UTF-16 units.
const longest = 2000;

/**
 * Removes from the end of an infill the text that repeats the beginning of the suffix. Text is a
 * repetition if it ends where a line of the suffix ends and contains a letter, a digit or `_`: a
 * lone `)` or `}` may be intended.
 *
 * Works on a stream: text that may turn out to be a repetition is held back.
 */
export class OverlapTrimmer {
  readonly #pattern: string;
  readonly #suffix: string;
  /** Knuth-Morris-Pratt table: the longest border of each prefix of the pattern. */
  readonly #borders: Int32Array;
  /** UTF-16 units at the end of the text so far that match the beginning of the suffix. */
  #matched = 0;

  constructor(suffix: string) {
    this.#suffix = suffix;
    this.#pattern = suffix.slice(0, longest);
    this.#borders = borders(this.#pattern);
  }

  /** Takes the next text and returns the text that can be shown now. */
  push(text: string): string {
    const pending = this.#pattern.slice(0, this.#matched) + text;
    for (let i = 0; i < text.length; i++) this.#advance(text.charCodeAt(i));
    return pending.slice(0, pending.length - this.#matched);
  }

  /** Returns the text still held back, without the repetition. */
  finish(): string {
    let length = this.#matched;
    while (length > 0 && !this.#isRepetition(length)) length = this.#borders[length] ?? 0;
    const rest = this.#pattern.slice(0, this.#matched - length);
    this.#matched = 0;
    return rest;
  }

  #advance(unit: number): void {
    while (
      this.#matched > 0 &&
      (this.#matched === this.#pattern.length || this.#pattern.charCodeAt(this.#matched) !== unit)
    ) {
      this.#matched = this.#borders[this.#matched] ?? 0;
    }
    if (this.#pattern.length > 0 && this.#pattern.charCodeAt(this.#matched) === unit) {
      this.#matched++;
    }
  }

  #isRepetition(length: number): boolean {
    const overlap = this.#suffix.slice(0, length);
    const next = this.#suffix[length];
    const endsLine = next === undefined || next === "\n" || next === "\r" || overlap.endsWith("\n");
    return endsLine && /[\p{L}\p{N}_]/u.test(overlap);
  }
}

function borders(pattern: string): Int32Array {
  const table = new Int32Array(pattern.length + 1);
  for (let length = 1, border = 0; length < pattern.length; length++) {
    while (border > 0 && pattern[border] !== pattern[length]) border = table[border] ?? 0;
    if (pattern[border] === pattern[length]) border++;
    table[length + 1] = border;
  }
  return table;
}
