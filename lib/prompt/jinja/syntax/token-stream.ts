import { TemplateSyntaxError } from "../errors.ts";
import { type Token, tokenize } from "./lexer.ts";

// Nesting of brackets, operators and blocks. The parser uses about ten stack frames per level.
const maxDepth = 100;

const end: Token = { type: "end", value: "" };

/** The tokens of a template, and the parser's position in them. */
export class TokenStream {
  readonly #tokens: readonly Token[];
  #position = 0;
  #depth = 0;

  constructor(template: string) {
    this.#tokens = tokenize(template);
  }

  get current(): Token {
    return this.#tokens[this.#position] ?? end;
  }

  get next(): Token {
    return this.#tokens[this.#position + 1] ?? end;
  }

  /** Whether the current token has the type and one of the values. Without values any value fits. */
  is(type: Token["type"], ...values: readonly string[]): boolean {
    const { current } = this;
    return current.type === type && (values.length === 0 || values.includes(current.value));
  }

  take(): Token {
    const token = this.current;
    this.#position++;
    return token;
  }

  /** Takes the current token if it fits. Returns whether it did. */
  skip(type: Token["type"], ...values: readonly string[]): boolean {
    const found = this.is(type, ...values);
    if (found) this.#position++;
    return found;
  }

  /** @throws TemplateSyntaxError if the current token does not fit */
  expect(type: Token["type"], ...values: readonly string[]): Token {
    if (this.is(type, ...values)) return this.take();
    throw this.unexpected(values.length === 0 ? type : values.join(" or "));
  }

  /** Error for the current token. */
  unexpected(wanted: string): TemplateSyntaxError {
    const { type, value } = this.current;
    const found = value === "" ? type : JSON.stringify(value.slice(0, 40));
    return new TemplateSyntaxError(`expected ${wanted}, got ${found}`);
  }

  /**
   * Parses one nesting level deeper.
   * @throws TemplateSyntaxError if the template is nested too deeply
   */
  nested<Result>(parse: () => Result): Result {
    if (++this.#depth > maxDepth) throw new TemplateSyntaxError("it is nested too deeply");
    const result = parse();
    this.#depth--;
    return result;
  }
}
