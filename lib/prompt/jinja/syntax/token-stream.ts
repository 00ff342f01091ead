import { TemplateSyntaxError } from "../errors.ts";
import { type Token, tokenize } from "./lexer.ts";

// Brackets, operators and blocks inside each other. Each level takes some ten calls.
const deepest = 100;

/** The tokens of a template, one after the other. */
export class TokenStream {
  readonly #tokens: readonly Token[];
  #place = 0;
  #depth = 0;

  constructor(template: string) {
    this.#tokens = tokenize(template);
  }

  get current(): Token {
    return this.#tokens[this.#place] ?? { type: "end", value: "" };
  }

  get next(): Token {
    return this.#tokens[this.#place + 1] ?? { type: "end", value: "" };
  }

  /** Whether the current token is of a type, and has one of the values where some are given. */
  is(type: Token["type"], ...values: readonly string[]): boolean {
    const { current } = this;
    return current.type === type && (values.length === 0 || values.includes(current.value));
  }

  take(): Token {
    const token = this.current;
    this.#place++;
    return token;
  }

  /** Takes the current token off where it is the wanted one. */
  skip(type: Token["type"], ...values: readonly string[]): boolean {
    const found = this.is(type, ...values);
    if (found) this.#place++;
    return found;
  }

  /** @throws TemplateSyntaxError where the current token is another */
  expect(type: Token["type"], ...values: readonly string[]): Token {
    if (this.is(type, ...values)) return this.take();
    throw this.unexpected(values.length === 0 ? type : values.join(" or "));
  }

  unexpected(wanted: string): TemplateSyntaxError {
    const { type, value } = this.current;
    const found = value === "" ? type : JSON.stringify(value.slice(0, 40));
    return new TemplateSyntaxError(`expected ${wanted}, got ${found}`);
  }

  /** Parses what stands inside something else. */
  inside<Result>(parse: () => Result): Result {
    if (++this.#depth > deepest) throw new TemplateSyntaxError("it is nested too deeply");
    const result = parse();
    this.#depth--;
    return result;
  }
}
