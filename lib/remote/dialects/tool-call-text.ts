import { z } from "zod";
import { listOf, tokenCount } from "../answer-schema.ts";

export const toolCallsSchema = listOf(
  z.object({
    index: tokenCount.nullish(),
    function: z.object({ name: z.string().nullish(), arguments: z.string().nullish() }).nullish(),
  }),
);

type CallPiece = z.output<typeof toolCallsSchema>[number];

/**
 * Writes the tool calls of a remote's answer as text between `<tool_call>` tags. Models write tool
 * calls in this form, and so do the answers of the in-process engine.
 */
export class ToolCallText {
  /** Index of the current tool call; -1 if there is none. */
  #index = -1;
  #hasArguments = false;

  /** Returns the text of the next pieces; undefined if a piece belongs to no tool call. */
  push(pieces: readonly CallPiece[]): string | undefined {
    let text = "";
    for (const piece of pieces) {
      const more = this.#add(piece);
      if (more === undefined) return undefined;
      text += more;
    }
    return text;
  }

  /** Returns the text that ends the current tool call. */
  finish(): string {
    if (this.#index < 0) return "";
    this.#index = -1;
    return `${this.#hasArguments ? "" : "{}"}}\n</tool_call>`;
  }

  #add({ index, function: called }: CallPiece): string | undefined {
    const { name, arguments: json } = called ?? {};
    // Some servers send whole calls without an index.
    const place = index ?? (name == null ? this.#index : this.#index + 1);
    if (place === this.#index && place >= 0) return this.#argumentsText(json);
    if (name == null || place < this.#index) return undefined;
    const end = this.finish();
    this.#index = place;
    this.#hasArguments = false;
    const start = `<tool_call>\n{"name": ${JSON.stringify(name)}, "arguments": `;
    return `${end === "" ? "" : `${end}\n`}${start}${this.#argumentsText(json)}`;
  }

  #argumentsText(json: string | null | undefined): string {
    this.#hasArguments ||= json != null && json !== "";
    return json ?? "";
  }
}
