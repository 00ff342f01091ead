import type { NativeTokenLogprobs } from "./binding.ts";
import type { TextFilter } from "./generation.ts";

/** What one request has given so far. */
export class RequestOutput {
  readonly #filter: TextFilter | undefined;
  text = "";
  readonly tokens: number[] = [];
  readonly logprobs: NativeTokenLogprobs[] = [];
  readonly promptLogprobs: NativeTokenLogprobs[] = [];

  constructor(filter?: TextFilter) {
    this.#filter = filter;
  }

  /** Takes new text; returns what may be shown of it by now. */
  push(text: string): string {
    const shown = this.#filter === undefined ? text : this.#filter.push(text);
    this.text += shown;
    return shown;
  }

  /** Returns the rest of what is to be shown. */
  finish(): string {
    const rest = this.#filter?.finish() ?? "";
    this.text += rest;
    return rest;
  }
}
