const none: readonly number[] = [];

/** A run of a text that comes from one side: from the template, or from its input. */
export interface Run {
  readonly text: string;
  readonly isInput: boolean;
}

/**
 * A string that knows which of its characters come from the template's input. Every operation keeps
 * that knowledge, so that control tokens are looked for in the template's own words only, whatever
 * the template does to a message: it may cut, replace, lower or join.
 */
export class Text {
  /** Where the input's characters are: a start and an end for each range, in ascending order. */
  readonly input: readonly number[];

  constructor(
    readonly value: string,
    input: readonly number[] = none,
  ) {
    this.input = input;
  }

  static ofInput(value: string): Text {
    return new Text(value, value === "" ? none : [0, value.length]);
  }

  static join(texts: readonly Text[], separator = new Text("")): Text {
    const joined = new TextBuilder();
    for (const [index, text] of texts.entries()) {
      if (index > 0) joined.add(separator);
      joined.add(text);
    }
    return joined.build();
  }

  /** UTF-16 units from `start` to `end`. */
  slice(start: number, end: number = this.value.length): Text {
    const value = this.value.slice(start, end);
    if (this.input.length === 0) return new Text(value);
    const kept: number[] = [];
    for (let at = this.#firstRange(start); at < this.input.length; at += 2) {
      const [from = 0, to = 0] = this.input.slice(at, at + 2);
      if (from >= end) break;
      kept.push(Math.max(from, start) - start, Math.min(to, end) - start);
    }
    return new Text(value, kept);
  }

  /** Changes each run by itself. */
  map(change: (text: string) => string): Text {
    const changed = new TextBuilder();
    for (const { text, isInput } of this.runs()) {
      const own = change(text);
      changed.add(isInput ? Text.ofInput(own) : new Text(own));
    }
    return changed.build();
  }

  runs(): Run[] {
    const runs: Run[] = [];
    let place = 0;
    const add = (end: number, isInput: boolean) => {
      if (end > place) runs.push({ text: this.value.slice(place, end), isInput });
      place = end;
    };
    for (const [index, border] of this.input.entries()) add(border, index % 2 === 1);
    add(this.value.length, false);
    return runs;
  }

  /** The first range that ends after a place. */
  #firstRange(place: number): number {
    let low = 0;
    let high = this.input.length >> 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.input[2 * middle + 1] ?? 0) > place) high = middle;
      else low = middle + 1;
    }
    return 2 * low;
  }
}

/** Puts texts together. */
export class TextBuilder {
  #value = "";
  readonly #input: number[] = [];

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
