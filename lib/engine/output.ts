import { append } from "../base/append.ts";
import type { NativeOutput, NativeTokenLogprobs } from "../native/binding.ts";
import type { TextFilter } from "./port.ts";

/** Output of one request so far. */
export class RequestOutput {
  readonly #filter: TextFilter | undefined;
  text = "";
  readonly tokens: number[] = [];
  readonly logprobs: NativeTokenLogprobs[] = [];
  readonly promptLogprobs: NativeTokenLogprobs[] = [];
  embedding: Float32Array | undefined;
  promptState: Uint8Array | undefined;

  constructor(filter?: TextFilter) {
    this.#filter = filter;
  }

  /** Adds an output of the engine and returns the text that can be shown now. */
  take(output: NativeOutput): string {
    if (output.type === "embedded") {
      this.embedding = output.embedding;
      return "";
    }
    if (output.type === "promptState") {
      this.promptState = output.state;
      return "";
    }
    if (output.type === "promptScored") {
      append(this.promptLogprobs, output.logprobs);
      return "";
    }
    append(this.tokens, output.tokens);
    append(this.logprobs, output.logprobs ?? []);
    const shown = this.#filter === undefined ? output.text : this.#filter.push(output.text);
    this.text += shown;
    return shown;
  }

  /** Returns the rest of the text to show. */
  finish(): string {
    const rest = this.#filter?.finish() ?? "";
    this.text += rest;
    return rest;
  }
}
