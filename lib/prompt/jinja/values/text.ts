const noRanges: readonly number[] = [];

/** A stretch of a text that comes from one source: the template or its input. */
export interface Run {
  readonly text: string;
  readonly isInput: boolean;
}

/**
 * A string that knows which of its characters come from the template's input: messages and tools.
 * Every operation keeps that knowledge. A template may cut, replace, lower or join a message, and
 * still only the template's own characters can become control tokens.
 */
export class Text {
  /** Ranges of the input's characters in UTF-16 units: start, end, start, end, …, ascending. */
  readonly input: readonly number[];

  constructor(
    readonly value: string,
    input: readonly number[] = noRanges,
  ) {
    this.input = input;
  }

  /** A text that comes from the input as a whole. */
  static ofInput(value: string): Text {
    return new Text(value, value === "" ? noRanges : [0, value.length]);
  }

  static join(texts: readonly Text[], separator = new Text("")): Text {
    const joined = new TextBuilder();
    for (const [index, text] of texts.entries()) {
      if (index > 0) joined.add(separator);
      joined.add(text);
    }
    return joined.build();
  }

  /** The part from `start` to `end`, both in UTF-16 units and not negative. */
  slice(start: number, end: number = this.value.length): Text {
    const value = this.value.slice(start, end);
    if (this.input.length === 0) return new Text(value);
    const kept: number[] = [];
    for (let at = this.#firstRangeAfter(start); at < this.input.length; at += 2) {
      const [from = 0, to = 0] = this.input.slice(at, at + 2);
      if (from >= end) break;
      kept.push(Math.max(from, start) - start, Math.min(to, end) - start);
    }
    return new Text(value, kept);
  }

  /** Changes each run separately, so that the result keeps its sources. */
  map(change: (text: string) => string): Text {
    const changed = new TextBuilder();
    for (const { text, isInput } of this.runs()) {
      const result = change(text);
      changed.add(isInput ? Text.ofInput(result) : new Text(result));
    }
    return changed.build();
  }

  /** The text's runs in order. None is empty. */
  runs(): Run[] {
    const runs: Run[] = [];
    let position = 0;
    const addUpTo = (end: number, isInput: boolean) => {
      if (end > position) runs.push({ text: this.value.slice(position, end), isInput });
      position = end;
    };
    for (const [index, border] of this.input.entries()) addUpTo(border, index % 2 === 1);
    addUpTo(this.value.length, false);
    return runs;
  }

  /** Index in `input` of the first range that ends after `position`. */
  #firstRangeAfter(position: number): number {
    let low = 0;
    let high = this.input.length >> 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.input[2 * middle + 1] ?? 0) > position) high = middle;
      else low = middle + 1;
    }
    return 2 * low;
  }
}

/** Concatenates texts. Adjacent input ranges become one. */
export class TextBuilder {
  #value = "";
  readonly #input: number[] = [];

  /** Length so far in UTF-16 units. */
  get length(): number {
    return this.#value.length;
  }

  add(text: Text): void {
    const offset = this.#value.length;
    this.#value += text.value;
    for (let at = 0; at < text.input.length; at += 2) {
      const start = (text.input[at] ?? 0) + offset;
      const end = (text.input[at + 1] ?? 0) + offset;
      if (this.#input.at(-1) === start) this.#input[this.#input.length - 1] = end;
      else this.#input.push(start, end);
    }
  }

  build(): Text {
    return new Text(this.#value, this.#input.slice());
  }
}
