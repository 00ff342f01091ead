import { append } from "../base/append.ts";
import type { NativeOutput, NativeTokenLogprobs } from "../native/binding.ts";
import type { TextFilter } from "./port.ts";

/** What one request has given so far. */
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

  /** Takes what the engine gives; returns the text that may be shown by now. */
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

  /** Returns the rest of what is to be shown. */
  finish(): string {
    const rest = this.#filter?.finish() ?? "";
    this.text += rest;
    return rest;
  }
}
