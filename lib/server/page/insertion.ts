import type { EditHistory } from "./edit-history.ts";
import { isAtEnd } from "./element.ts";

/**
 * Text that streams into a text area while the user edits around it. The caret keeps its place, unless it is at the
 * insertion point.
 */
export class Insertion {
  readonly #history: EditHistory;
  readonly #listening = new AbortController();
  #at: number;
  #known: string;
  #held = "";
  #isComposing = false;
  #hasEnded = false;

  /** Replaces the text between two positions. */
  constructor(history: EditHistory, start: number, end: number) {
    const { area } = history;
    this.#history = history;
    this.#at = start;
    if (end > start) history.change(this, () => area.setRangeText("", start, end, "end"));
    this.#known = area.value;
    const { signal } = this.#listening;
    area.addEventListener("input", () => this.#follow(), { signal });
    // A change during the composition of a character would end the composition.
    area.addEventListener("compositionstart", () => this.#compose(true), { signal });
    area.addEventListener("compositionend", () => this.#compose(false), { signal });
  }

  write(text: string): void {
    if (this.#isComposing) this.#held += text;
    else this.#history.change(this, () => this.#insert(text));
  }

  /** Ends the insertion: no more text will be written. */
  end(): void {
    this.#hasEnded = true;
    if (!this.#isComposing) this.#listening.abort();
  }

  #compose(isComposing: boolean): void {
    this.#isComposing = isComposing;
    if (isComposing) return;
    if (this.#held !== "") this.write(this.#held);
    this.#held = "";
    if (this.#hasEnded) this.end();
  }

  #insert(text: string): void {
    const { area } = this.#history;
    const { selectionStart: start, selectionEnd: end, selectionDirection, scrollTop } = area;
    const wasAtEnd = isAtEnd(area);
    const at = this.#at;
    area.setRangeText(text, at, at, "preserve");
    const added = area.value.length - this.#known.length;
    area.setSelectionRange(
      start >= at ? start + added : start,
      start >= at || end > at ? end + added : end,
      selectionDirection,
    );
    area.scrollTop = wasAtEnd ? area.scrollHeight : scrollTop;
    this.#at += added;
    this.#known = area.value;
  }

  /** Moves the insertion point with an edit of the user. Text typed at the point comes after it. */
  #follow(): void {
    const { value, selectionEnd } = this.#history.area;
    const before = this.#known;
    this.#known = value;
    // The text after the caret has not changed. This locates the edit even among equal letters.
    const after = commonEnd(before, value, value.length - selectionEnd);
    const start = commonStart(before, value, Math.min(before.length, value.length) - after);
    const removed = before.length - after - start;
    const isAfterEdit = this.#at > start + removed;
    this.#at = isAfterEdit ? this.#at + value.length - before.length : Math.min(this.#at, start);
  }
}

/** Number of equal characters at the start of two texts, at most `limit`. */
function commonStart(one: string, other: string, limit: number): number {
  let count = 0;
  while (count < limit && one[count] === other[count]) count++;
  return count;
}

/** Number of equal characters at the end of two texts, at most `limit`. */
function commonEnd(one: string, other: string, limit: number): number {
  let count = 0;
  while (count < Math.min(limit, one.length) && one.at(-1 - count) === other.at(-1 - count))
    count++;
  return count;
}
