import { randomUUID } from "node:crypto";

export interface ToolCall {
  readonly id: string;
  readonly type: "function";
  readonly function: { readonly name: string; readonly arguments: string };
}

/** What is new of a call, in OpenAI's form: the first has the id and the name. */
export interface ToolCallDelta {
  readonly index: 0;
  readonly id?: string;
  readonly type?: "function";
  readonly function: { readonly name?: string; readonly arguments: string };
}

const nameHead = /^\s*\{\s*"name"\s*:\s*("(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4}))*")/u;
const argumentsHead = /^\s*,\s*"arguments"\s*:\s*(?=([{[]))/;

/** Tells a call while it is written, where a grammar sees to its form: see `planTools`. */
export class ToolCallStream {
  readonly #id = newCallId();
  readonly #end = new BracketCounter();
  #unread = "";
  #name: string | undefined;
  #arguments: string | undefined;

  /** The call as far as it is written; undefined before its name is. */
  get call(): ToolCall | undefined {
    if (this.#name === undefined) return undefined;
    const called = { name: this.#name, arguments: this.#arguments ?? "" };
    return { id: this.#id, type: "function", function: called };
  }

  /** Whether the arguments are complete. */
  get isWhole(): boolean {
    return this.#end.isClosed;
  }

  /** Takes more of the text, and returns what is new of the call. */
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

  /** Takes what a pattern finds at the beginning off, and returns its group. */
  #take(pattern: RegExp): string | undefined {
    const [found, group] = pattern.exec(this.#unread) ?? [];
    if (found !== undefined) this.#unread = this.#unread.slice(found.length);
    return group;
  }
}

/** Finds the end of a JSON object or array that comes in pieces. */
class BracketCounter {
  isClosed = false;
  #depth = 0;
  #inString = false;
  #isEscaped = false;

  /** Returns how much of the next piece belongs to it. */
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
