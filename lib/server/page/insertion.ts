import type { EditHistory } from "./edit-history.ts";
import { isAtEnd } from "./element.ts";

/**
 * Text that comes piece by piece into a text area, while the user edits around it. The caret stays where it is, unless
 * it stands where the text comes.
 */
export class Insertion {
  readonly #history: EditHistory;
  readonly #listening = new AbortController();
  #at: number;
  #known: string;
  #held = "";
  #isComposing = false;
  #hasEnded = false;

  /** Takes the place of what is between two positions. */
  constructor(history: EditHistory, start: number, end: number) {
    const { area } = history;
    this.#history = history;
    this.#at = start;
    if (end > start) history.change(this, () => area.setRangeText("", start, end, "end"));
    this.#known = area.value;
    const { signal } = this.#listening;
    area.addEventListener("input", () => this.#follow(), { signal });
    // A change amid the composing of a character would end that.
    area.addEventListener("compositionstart", () => this.#compose(true), { signal });
    area.addEventListener("compositionend", () => this.#compose(false), { signal });
  }

  write(text: string): void {
    if (this.#isComposing) this.#held += text;
    else this.#history.change(this, () => this.#insert(text));
  }

  /** Nothing more is written. */
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
    const isFollowed = isAtEnd(area);
    const at = this.#at;
    area.setRangeText(text, at, at, "preserve");
    const added = area.value.length - this.#known.length;
    area.setSelectionRange(
      start >= at ? start + added : start,
      start >= at || end > at ? end + added : end,
      selectionDirection,
    );
    area.scrollTop = isFollowed ? area.scrollHeight : scrollTop;
    this.#at += added;
    this.#known = area.value;
  }

  /** Keeps its place through an edit of the user; what is typed at its place comes after it. */
  #follow(): void {
    const { value, selectionEnd } = this.#history.area;
    const before = this.#known;
    this.#known = value;
    // Behind the caret nothing has changed: that tells apart equal letters.
    const after = commonEnd(before, value, value.length - selectionEnd);
    const start = commonStart(before, value, Math.min(before.length, value.length) - after);
    const removed = before.length - after - start;
    const isBehind = this.#at > start + removed;
    this.#at = isBehind ? this.#at + value.length - before.length : Math.min(this.#at, start);
  }
}

/** How many characters two texts begin with alike, up to some. */
function commonStart(one: string, other: string, most: number): number {
  let count = 0;
  while (count < most && one[count] === other[count]) count++;
  return count;
}

function commonEnd(one: string, other: string, most: number): number {
  let count = 0;
  while (count < Math.min(most, one.length) && one.at(-1 - count) === other.at(-1 - count)) count++;
  return count;
}
