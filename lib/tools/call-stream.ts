import { randomUUID } from "node:crypto";

/** Tool call in OpenAI's format. */
export interface ToolCall {
  readonly id: string;
  readonly type: "function";
  /** `arguments` is JSON. It is cut short when a limit ended the answer. */
  readonly function: { readonly name: string; readonly arguments: string };
}

/** New part of a tool call in OpenAI's format. The first part of a call has the id and the name. */
export interface ToolCallDelta {
  /** Position of the call in the answer, from 0. */
  readonly index: number;
  readonly id?: string;
  readonly type?: "function";
  readonly function: { readonly name?: string; readonly arguments: string };
}

const nameHead = /^\s*\{\s*"name"\s*:\s*("(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4}))*")/u;
const argumentsHead = /^\s*,\s*"arguments"\s*:\s*(?=([{[]))/;

/** Parses one tool call while the model writes it. A grammar guarantees its form: see `planTools`. */
export class ToolCallStream {
  readonly #id = newCallId();
  readonly #end = new BracketCounter();
  #unread = "";
  #name: string | undefined;
  #arguments: string | undefined;

  /** The call, with the arguments so far. Undefined until its name is complete. */
  get call(): ToolCall | undefined {
    if (this.#name === undefined) return undefined;
    const called = { name: this.#name, arguments: this.#arguments ?? "" };
    return { id: this.#id, type: "function", function: called };
  }

  /** Whether the arguments are complete. */
  get isComplete(): boolean {
    return this.#end.isClosed;
  }

  /** Takes the next text of the answer and returns the new parts of the call. */
  push(text: string): readonly ToolCallDelta[] {
    this.#unread += text;
    const deltas: ToolCallDelta[] = [];
    if (this.#name === undefined) {
      const name = this.#take(nameHead);
      if (name === undefined) return [];
      this.#name = JSON.parse(name) as string;
      const opening = { name: this.#name, arguments: "" };
      deltas.push({ index: 0, id: this.#id, type: "function", function: opening });
    }
    if (this.#arguments === undefined) {
      if (this.#take(argumentsHead) === undefined) return deltas;
      this.#arguments = "";
    }
    const fresh = this.#unread.slice(0, this.#end.take(this.#unread));
    this.#unread = "";
    this.#arguments += fresh;
    if (fresh !== "") deltas.push({ index: 0, function: { arguments: fresh } });
    return deltas;
  }

  /** Removes the match of a pattern from the start of the unread text and returns its group. */
  #take(pattern: RegExp): string | undefined {
    const [found, group] = pattern.exec(this.#unread) ?? [];
    if (found !== undefined) this.#unread = this.#unread.slice(found.length);
    return group;
  }
}

/** Finds the end of a JSON object or array that arrives in pieces. */
class BracketCounter {
  isClosed = false;
  #depth = 0;
  #inString = false;
  #isEscaped = false;

  /** Returns how many UTF-16 units of the next piece belong to the object or array. */
  take(text: string): number {
    for (let index = 0; index < text.length && !this.isClosed; index++) {
      this.#read(text[index] ?? "");
      if (this.isClosed) return index + 1;
    }
    return this.isClosed ? 0 : text.length;
  }

  #read(character: string): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (character === '"') this.#inString = !this.#inString;
    else if (this.#inString) this.#isEscaped = character === "\\";
    else if (character === "{" || character === "[") this.#depth++;
    else if (character === "}" || character === "]") this.isClosed = --this.#depth === 0;
  }
}

export function newCallId(): string {
  return `call_${randomUUID().replaceAll("-", "").slice(0, 24)}`;
}
