import { TemplateSyntaxError } from "../errors.ts";

export interface Token {
  readonly type:
    | "data" // text outside of tags
    | "name"
    | "integer"
    | "float"
    | "string"
    | "operator"
    | "blockBegin" // {%
    | "blockEnd" // %}
    | "variableBegin" // {{
    | "variableEnd" // }}
    | "end"; // of the template
  readonly value: string;
}

/** Splits a template into tokens, like Jinja with `trim_blocks` and `lstrip_blocks`. */
export function tokenize(template: string): Token[] {
  return new Lexer(template.replace(/\r\n?/g, "\n").replace(/\n$/, "")).tokens();
}

// `trim_blocks`: a block or comment tag also takes the newline after it. A `-` takes all white space.
const tagBegin = /\{[%{#]/g;
const commentEnd = /(-#\}\s*|\+#\}|#\}\n?)/g;
const rawBegin = /\{%[-+]?\s*raw\s*(-%\}\s*|%\}\n?)/y;
const rawEnd = /\{%([-+]?)\s*endraw\s*(\+%\}|-%\}\s*|%\}\n?)/g;
const blockEnd = /\+%\}|-%\}\s*|%\}\n?/y;
const variableEnd = /-\}\}\s*|\}\}/y;
const whiteSpace = /\s+/y;

/** Rules for the tokens inside a tag. The first rule that matches wins. */
const tokenRules = [
  ["float", /\d+(?:_\d+)*(?:\.\d+(?:_\d+)*(?:[eE][+-]?\d+)?|[eE][+-]?\d+)/y],
  ["integer", /0[xX][\da-fA-F]+|\d+(?:_\d+)*/y],
  ["name", /[\p{L}_][\p{L}\p{N}_]*/uy],
  ["string", /'([^'\\]*(?:\\.[^'\\]*)*)'|"([^"\\]*(?:\\.[^"\\]*)*)"/sy],
  ["operator", /\/\/|\*\*|==|!=|>=|<=|[-+/*%~[\](){}<>=.:|,;]/y],
] as const;

class Lexer {
  readonly #source: string;
  readonly #tokens: Token[] = [];
  #position = 0;
  /** Whether the text at `#position` starts a line: the last tag took its newline. */
  #startsLine = true;

  constructor(source: string) {
    this.#source = source;
  }

  tokens(): Token[] {
    while (this.#position < this.#source.length) this.#readDataAndTag();
    this.#tokens.push({ type: "end", value: "" });
    return this.#tokens;
  }

  #readDataAndTag(): void {
    tagBegin.lastIndex = this.#position;
    const begin = tagBegin.exec(this.#source);
    if (begin === null) {
      this.#addData(this.#source.slice(this.#position));
      this.#position = this.#source.length;
      return;
    }
    const sign = this.#source[begin.index + 2] ?? "";
    const data = this.#source.slice(this.#position, begin.index);
    this.#addData(this.#withoutIndentation(data, sign, begin[0] !== "{{"));
    this.#position = begin.index;
    if (begin[0] === "{#") this.#skipComment();
    else if (begin[0] === "{%" && this.#match(rawBegin) !== undefined) this.#readRaw();
    else this.#readTag(begin[0] === "{%", /[-+]/.test(sign) ? 3 : 2);
  }

  /** Trims the text before a tag: `-` removes white space, `lstrip_blocks` the tag's indentation. */
  #withoutIndentation(data: string, sign: string, isBlock: boolean): string {
    if (sign === "-") return data.trimEnd();
    if (sign === "+" || !isBlock) return data;
    const lineStart = data.lastIndexOf("\n") + 1;
    if (lineStart === 0 && !this.#startsLine) return data;
    for (let at = lineStart; at < data.length; at++) {
      if (data[at] !== " " && data[at] !== "\t") return data;
    }
    return data.slice(0, lineStart);
  }

  #skipComment(): void {
    commentEnd.lastIndex = this.#position + 2;
    const end = commentEnd.exec(this.#source);
    if (end === null) throw new TemplateSyntaxError("a comment has no end");
    this.#continueAt(end.index + end[0].length);
  }

  #readRaw(): void {
    rawEnd.lastIndex = this.#position;
    const end = rawEnd.exec(this.#source);
    if (end === null) throw new TemplateSyntaxError("{% raw %} has no end");
    this.#continueAt(this.#position);
    const data = this.#source.slice(this.#position, end.index);
    this.#addData(this.#withoutIndentation(data, end[1] ?? "", true));
    this.#continueAt(end.index + end[0].length);
  }

  #readTag(isBlock: boolean, beginLength: number): void {
    this.#tokens.push({ type: isBlock ? "blockBegin" : "variableBegin", value: "" });
    this.#position += beginLength;
    const openBrackets: string[] = [];
    while (this.#position < this.#source.length) {
      if (this.#match(whiteSpace) !== undefined) continue;
      // Inside brackets, `}}` closes two dicts.
      if (
        openBrackets.length === 0 &&
        this.#match(isBlock ? blockEnd : variableEnd) !== undefined
      ) {
        this.#tokens.push({ type: isBlock ? "blockEnd" : "variableEnd", value: "" });
        this.#continueAt(this.#position);
        return;
      }
      this.#readToken(openBrackets);
    }
    throw new TemplateSyntaxError("a tag has no end");
  }

  #readToken(openBrackets: string[]): void {
    for (const [type, rule] of tokenRules) {
      const source = this.#match(rule);
      if (source === undefined) continue;
      if (type === "operator") trackBracket(source, openBrackets);
      const value = type === "string" ? decodeEscapes(source.slice(1, -1)) : source;
      this.#tokens.push({ type, value });
      return;
    }
    const character = String.fromCodePoint(this.#source.codePointAt(this.#position) ?? 0);
    throw new TemplateSyntaxError(`unexpected character ${JSON.stringify(character)}`);
  }

  /** Consumes the text that a rule matches here. Undefined if it does not match. */
  #match(rule: RegExp): string | undefined {
    rule.lastIndex = this.#position;
    const found = rule.exec(this.#source)?.[0];
    if (found !== undefined) this.#position += found.length;
    return found;
  }

  #continueAt(position: number): void {
    this.#position = position;
    this.#startsLine = this.#source[position - 1] === "\n";
  }

  #addData(value: string): void {
    if (value !== "") this.#tokens.push({ type: "data", value });
  }
}

const closingBrackets: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

/** Keeps the stack of closing brackets that the tag still needs. */
function trackBracket(operator: string, openBrackets: string[]): void {
  const closing = closingBrackets[operator];
  if (closing !== undefined) openBrackets.push(closing);
  else if (")]}".includes(operator) && openBrackets.pop() !== operator) {
    throw new TemplateSyntaxError(`unexpected "${operator}"`);
  }
}

const simpleEscapes: Readonly<Record<string, string>> = {
  "\n": "",
  "\\": "\\",
  "'": "'",
  '"': '"',
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** Decodes Python's escape sequences. A backslash before any other character stays. */
function decodeEscapes(text: string): string {
  const sequence =
    /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{1,3})|([\n\\'"abfnrtv]))/g;
  return text.replace(sequence, (all, x, u, long, octal, simple) => {
    if (simple !== undefined) return simpleEscapes[simple] ?? all;
    const code =
      octal === undefined ? Number.parseInt(x ?? u ?? long, 16) : Number.parseInt(octal, 8);
    if (code > 0x10ffff) throw new TemplateSyntaxError(`there is no character ${all}`);
    return String.fromCodePoint(code);
  });
}
