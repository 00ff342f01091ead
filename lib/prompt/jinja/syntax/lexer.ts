import { TemplateSyntaxError } from "../errors.ts";

export interface Token {
  readonly type:
    | "data"
    | "name"
    | "integer"
    | "float"
    | "string"
    | "operator"
    | "blockBegin"
    | "blockEnd"
    | "variableBegin"
    | "variableEnd"
    | "end";
  readonly value: string;
}

const tagBegin = /\{[%{#]/g;
const commentEnd = /(-#\}\s*|\+#\}|#\}\n?)/g;
const rawBegin = /\{%[-+]?\s*raw\s*(-%\}\s*|%\}\n?)/y;
const rawEnd = /\{%([-+]?)\s*endraw\s*(\+%\}|-%\}\s*|%\}\n?)/g;
const blockEnd = /\+%\}|-%\}\s*|%\}\n?/y;
const variableEnd = /-\}\}\s*|\}\}/y;
const blank = /\s+/y;
const float = /\d+(?:_\d+)*(?:\.\d+(?:_\d+)*(?:[eE][+-]?\d+)?|[eE][+-]?\d+)/y;
const integer = /0[xX][\da-fA-F]+|\d+(?:_\d+)*/y;
const name = /[\p{L}_][\p{L}\p{N}_]*/uy;
const string = /'([^'\\]*(?:\\.[^'\\]*)*)'|"([^"\\]*(?:\\.[^"\\]*)*)"/sy;
const operator = /\/\/|\*\*|==|!=|>=|<=|[-+/*%~[\](){}<>=.:|,;]/y;
const closing: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

/** Cuts a template into tokens as Jinja does with `trim_blocks` and `lstrip_blocks`. */
export function tokenize(template: string): Token[] {
  return new Lexer(template.replace(/\r\n?/g, "\n").replace(/\n$/, "")).tokens();
}

class Lexer {
  readonly #source: string;
  readonly #tokens: Token[] = [];
  #place = 0;
  /** Whether the last tag ended its line. */
  #startsLine = true;

  constructor(source: string) {
    this.#source = source;
  }

  tokens(): Token[] {
    while (this.#place < this.#source.length) this.#readDataAndTag();
    this.#tokens.push({ type: "end", value: "" });
    return this.#tokens;
  }

  #readDataAndTag(): void {
    tagBegin.lastIndex = this.#place;
    const begin = tagBegin.exec(this.#source);
    if (begin === null) {
      this.#addData(this.#source.slice(this.#place));
      this.#place = this.#source.length;
      return;
    }
    const sign = this.#source[begin.index + 2] ?? "";
    const data = this.#source.slice(this.#place, begin.index);
    this.#addData(this.#withoutIndentation(data, sign, begin[0] !== "{{"));
    this.#place = begin.index;
    if (begin[0] === "{#") this.#skipComment();
    else if (begin[0] === "{%" && this.#match(rawBegin)) this.#readRaw();
    else this.#readTag(begin[0] === "{%", /[-+]/.test(sign) ? 3 : 2);
  }

  /** Text before a tag: `-` takes all white space off, `lstrip_blocks` the tag's indentation. */
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
    commentEnd.lastIndex = this.#place + 2;
    const end = commentEnd.exec(this.#source);
    if (end === null) throw new TemplateSyntaxError("a comment has no end");
    this.#endTag(end.index + end[0].length);
  }

  #readRaw(): void {
    rawEnd.lastIndex = this.#place;
    const end = rawEnd.exec(this.#source);
    if (end === null) throw new TemplateSyntaxError("{% raw %} has no end");
    this.#endTag(this.#place);
    const data = this.#source.slice(this.#place, end.index);
    this.#addData(this.#withoutIndentation(data, end[1] ?? "", true));
    this.#endTag(end.index + end[0].length);
  }

  #readTag(isBlock: boolean, length: number): void {
    this.#tokens.push({ type: isBlock ? "blockBegin" : "variableBegin", value: "" });
    this.#place += length;
    const open: string[] = [];
    while (this.#place < this.#source.length) {
      if (this.#match(blank)) continue;
      if (open.length === 0 && this.#match(isBlock ? blockEnd : variableEnd)) {
        this.#tokens.push({ type: isBlock ? "blockEnd" : "variableEnd", value: "" });
        this.#endTag(this.#place);
        return;
      }
      this.#readToken(open);
    }
    throw new TemplateSyntaxError("a tag has no end");
  }

  #readToken(open: string[]): void {
    const rules = [
      ["float", float],
      ["integer", integer],
      ["name", name],
      ["string", string],
      ["operator", operator],
    ] as const;
    for (const [type, rule] of rules) {
      const value = this.#match(rule);
      if (value === undefined) continue;
      if (type === "operator") balance(value, open);
      this.#tokens.push({
        type,
        value: type === "string" ? readEscapes(value.slice(1, -1)) : value,
      });
      return;
    }
    const character = String.fromCodePoint(this.#source.codePointAt(this.#place) ?? 0);
    throw new TemplateSyntaxError(`unexpected character ${JSON.stringify(character)}`);
  }

  #match(rule: RegExp): string | undefined {
    rule.lastIndex = this.#place;
    const found = rule.exec(this.#source)?.[0];
    if (found !== undefined) this.#place += found.length;
    return found;
  }

  #endTag(place: number): void {
    this.#place = place;
    this.#startsLine = this.#source[place - 1] === "\n";
  }

  #addData(value: string): void {
    if (value !== "") this.#tokens.push({ type: "data", value });
  }
}

function balance(operator: string, open: string[]): void {
  const expected = closing[operator];
  if (expected !== undefined) open.push(expected);
  else if (")]}".includes(operator) && open.pop() !== operator) {
    throw new TemplateSyntaxError(`unexpected "${operator}"`);
  }
}

const escapes: Readonly<Record<string, string>> = {
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

/** Python's escapes; a backslash before anything else stays. */
function readEscapes(text: string): string {
  const sequence =
    /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{1,3})|([\n\\'"abfnrtv]))/g;
  return text.replace(sequence, (all, x, u, long, octal, simple) => {
    if (simple !== undefined) return escapes[simple] ?? all;
    const code =
      octal === undefined ? Number.parseInt(x ?? u ?? long, 16) : Number.parseInt(octal, 8);
    if (code > 0x10ffff) throw new TemplateSyntaxError(`there is no character ${all}`);
    return String.fromCodePoint(code);
  });
}
