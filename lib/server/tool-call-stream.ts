import { newCallId } from "../tool-calls.ts";

const head = /^\s*\{\s*"name"\s*:\s*("(?:[^"\\]|\\.)*")\s*,\s*"arguments"\s*:\s*/;

/** Tells a call while it is written, where a grammar sees to its form: see `planTools`. */
export class ToolCallStream {
  #text = "";
  /** Where the part of the arguments begins that was not told yet; undefined before the name. */
  #told: number | undefined;

  /** Returns what is new of the call, as `tool_calls` of an event has it. */
  push(text: string): readonly object[] {
    this.#text += text;
    return this.#told === undefined ? this.#begin() : this.#more(this.#told);
  }

  #begin(): readonly object[] {
    const found = head.exec(this.#text);
    if (found === null) return [];
    const [{ length }, name = '""'] = found;
    const opening = { name: JSON.parse(name) as string, arguments: "" };
    return [
      { index: 0, id: newCallId(), type: "function", function: opening },
      ...this.#more(length),
    ];
  }

  #more(from: number): readonly object[] {
    // The last bracket closes the call, not its arguments.
    const end = Math.max(from, this.#text.replace(/\s*\}?\s*$/, "").length);
    this.#told = end;
    return end === from ? [] : [{ index: 0, function: { arguments: this.#text.slice(from, end) } }];
  }
}
