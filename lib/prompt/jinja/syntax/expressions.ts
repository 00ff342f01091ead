import { TemplateSyntaxError } from "../errors.ts";
import { Text } from "../values/text.ts";
import { Float } from "../values/values.ts";
import type { Token } from "./lexer.ts";
import type { TokenStream } from "./token-stream.ts";
import type { Arguments, Comparison, Expression, FilterCall, Operator } from "./tree.ts";

// Recursive descent over Jinja's grammar. Each function parses one level of precedence, from the
// operator that binds weakest to the one that binds strongest.

/**
 * Parses an expression.
 * @param allowsChoice - whether `a if b else c` is allowed; `for … in x if y` needs the `if` itself
 */
export function parseExpression(tokens: TokenStream, allowsChoice = true): Expression {
  return tokens.nested(() => {
    let chosen = parseOr(tokens);
    while (allowsChoice && tokens.skip("name", "if")) {
      const condition = parseOr(tokens);
      const otherwise = tokens.skip("name", "else") ? parseExpression(tokens) : undefined;
      chosen = { kind: "choice", condition, chosen, otherwise };
    }
    return chosen;
  });
}

/** Parses one expression, or a tuple of expressions with commas between them. */
export function parseTuple(tokens: TokenStream, allowsChoice = true): Expression {
  const items = [parseExpression(tokens, allowsChoice)];
  let isTuple = false;
  while (tokens.skip("operator", ",")) {
    isTuple = true;
    if (endsTuple(tokens)) break;
    items.push(parseExpression(tokens, allowsChoice));
  }
  const [only] = items;
  return isTuple || only === undefined ? { kind: "tuple", items } : only;
}

function endsTuple(tokens: TokenStream): boolean {
  return (
    tokens.is("blockEnd") ||
    tokens.is("variableEnd") ||
    tokens.is("operator", ")", "=") ||
    tokens.is("name", "in")
  );
}

function parseOr(tokens: TokenStream): Expression {
  let left = parseAnd(tokens);
  while (tokens.skip("name", "or")) left = { kind: "or", left, right: parseAnd(tokens) };
  return left;
}

function parseAnd(tokens: TokenStream): Expression {
  let left = parseNot(tokens);
  while (tokens.skip("name", "and")) left = { kind: "and", left, right: parseNot(tokens) };
  return left;
}

function parseNot(tokens: TokenStream): Expression {
  if (!tokens.skip("name", "not")) return parseCompare(tokens);
  return { kind: "not", operand: tokens.nested(() => parseNot(tokens)) };
}

const comparisons = ["==", "!=", "<", "<=", ">", ">="];

function parseCompare(tokens: TokenStream): Expression {
  const first = parseSum(tokens);
  const rest: (readonly [Comparison, Expression])[] = [];
  for (;;) {
    if (tokens.is("operator", ...comparisons)) {
      rest.push([tokens.take().value as Comparison, parseSum(tokens)]);
    } else if (tokens.skip("name", "in")) {
      rest.push(["in", parseSum(tokens)]);
    } else if (tokens.is("name", "not") && tokens.next.value === "in") {
      tokens.take();
      tokens.take();
      rest.push(["not in", parseSum(tokens)]);
    } else {
      return rest.length === 0 ? first : { kind: "compare", first, rest };
    }
  }
}

function parseBinary(
  tokens: TokenStream,
  operators: readonly Operator[],
  parseOperand: (tokens: TokenStream) => Expression,
): Expression {
  let left = parseOperand(tokens);
  while (tokens.is("operator", ...operators)) {
    const operator = tokens.take().value as Operator;
    left = { kind: "binary", operator, left, right: parseOperand(tokens) };
  }
  return left;
}

const parseSum = (tokens: TokenStream) => parseBinary(tokens, ["+", "-"], parseConcat);

function parseConcat(tokens: TokenStream): Expression {
  const first = parseProduct(tokens);
  if (!tokens.is("operator", "~")) return first;
  const parts = [first];
  while (tokens.skip("operator", "~")) parts.push(parseProduct(tokens));
  return { kind: "concat", parts };
}

const parseProduct = (tokens: TokenStream) =>
  parseBinary(tokens, ["*", "/", "//", "%"], parsePower);

const parsePower = (tokens: TokenStream) => parseBinary(tokens, ["**"], parseUnary);

function parseUnary(tokens: TokenStream): Expression {
  return parseFiltersAndTests(tokens, parseSign(tokens));
}

function parseSign(tokens: TokenStream): Expression {
  if (!tokens.is("operator", "-", "+")) return parsePostfix(tokens, parsePrimary(tokens));
  const isNegative = tokens.take().value === "-";
  const operand = tokens.nested(() => parseSign(tokens));
  return parsePostfix(tokens, { kind: "sign", isNegative, operand });
}

const constants: Readonly<Record<string, boolean | null>> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
};

function parsePrimary(tokens: TokenStream): Expression {
  const token = tokens.take();
  switch (token.type) {
    case "name": {
      const value = Object.hasOwn(constants, token.value) ? constants[token.value] : undefined;
      return value === undefined
        ? { kind: "name", name: token.value }
        : { kind: "constant", value };
    }
    case "string": {
      let text = token.value;
      while (tokens.is("string")) text += tokens.take().value;
      return { kind: "constant", value: new Text(text) };
    }
    case "integer":
      return { kind: "constant", value: Number(token.value.replaceAll("_", "")) };
    case "float":
      return { kind: "constant", value: new Float(Number(token.value.replaceAll("_", ""))) };
    case "operator":
      return tokens.nested(() => parseBracket(tokens, token.value));
    default:
      throw new TemplateSyntaxError(`expected an expression, got ${token.type}`);
  }
}

function parseBracket(tokens: TokenStream, bracket: string): Expression {
  if (bracket === "(") {
    if (tokens.skip("operator", ")")) return { kind: "tuple", items: [] };
    const inner = parseTuple(tokens);
    tokens.expect("operator", ")");
    return inner;
  }
  if (bracket === "[") return { kind: "list", items: parseItems(tokens, "]", parseExpression) };
  if (bracket !== "{") throw new TemplateSyntaxError(`unexpected "${bracket}"`);
  const entries = parseItems(tokens, "}", (each) => {
    const key = parseExpression(each);
    each.expect("operator", ":");
    return [key, parseExpression(each)] as const;
  });
  return { kind: "dict", entries };
}

function parseItems<Item>(
  tokens: TokenStream,
  closing: string,
  parse: (tokens: TokenStream) => Item,
): Item[] {
  const items: Item[] = [];
  while (!tokens.skip("operator", closing)) {
    if (items.length > 0) {
      tokens.expect("operator", ",");
      if (tokens.skip("operator", closing)) break;
    }
    items.push(parse(tokens));
  }
  return items;
}

/** Parses attributes, subscripts and calls after `object`. */
function parsePostfix(tokens: TokenStream, object: Expression): Expression {
  let expression = object;
  for (;;) {
    if (tokens.skip("operator", ".")) expression = parseAttribute(tokens, expression);
    else if (tokens.skip("operator", "[")) expression = parseSubscript(tokens, expression);
    else if (tokens.is("operator", "(")) expression = parseCall(tokens, expression);
    else return expression;
  }
}

function parseAttribute(tokens: TokenStream, object: Expression): Expression {
  // `list.0` is `list[0]`.
  if (tokens.is("integer")) {
    const key: Expression = { kind: "constant", value: Number(tokens.take().value) };
    return { kind: "item", object, key };
  }
  return { kind: "attribute", object, name: tokens.expect("name").value };
}

/** Parses `key]` or `start:stop:step]`. */
function parseSubscript(tokens: TokenStream, object: Expression): Expression {
  const bounds: (Expression | undefined)[] = [undefined];
  while (!tokens.skip("operator", "]")) {
    if (tokens.skip("operator", ":")) bounds.push(undefined);
    else if (bounds.at(-1) === undefined) bounds[bounds.length - 1] = parseExpression(tokens);
    else throw tokens.unexpected("]");
  }
  const [start, stop, step] = bounds;
  if (bounds.length > 3) throw new TemplateSyntaxError("a slice has too many parts");
  if (bounds.length > 1) return { kind: "slice", object, start, stop, step };
  if (start === undefined) throw new TemplateSyntaxError("expected a subscript");
  return { kind: "item", object, key: start };
}

function parseCall(tokens: TokenStream, callee: Expression): Expression {
  return { kind: "call", callee, args: parseArguments(tokens) };
}

function parseArguments(tokens: TokenStream): Arguments {
  tokens.expect("operator", "(");
  const positional: Expression[] = [];
  const keyword: (readonly [string, Expression])[] = [];
  let spread: Expression | undefined;
  let keywordSpread: Expression | undefined;
  parseItems(tokens, ")", () => {
    if (tokens.skip("operator", "*")) {
      if (spread !== undefined) throw new TemplateSyntaxError("two * arguments");
      spread = parseExpression(tokens);
    } else if (tokens.skip("operator", "**")) {
      if (keywordSpread !== undefined) throw new TemplateSyntaxError("two ** arguments");
      keywordSpread = parseExpression(tokens);
    } else if (tokens.is("name") && tokens.next.type === "operator" && tokens.next.value === "=") {
      const { value: name } = tokens.take();
      tokens.take();
      keyword.push([name, parseExpression(tokens)]);
    } else {
      if (keyword.length > 0) throw tokens.unexpected("a keyword argument");
      positional.push(parseExpression(tokens));
    }
  });
  return { positional, keyword, spread, keywordSpread };
}

const noArguments: Arguments = {
  positional: [],
  keyword: [],
  spread: undefined,
  keywordSpread: undefined,
};

function parseFiltersAndTests(tokens: TokenStream, operand: Expression): Expression {
  let expression = operand;
  for (;;) {
    if (tokens.skip("operator", "|")) {
      expression = { kind: "filter", operand: expression, ...parseFilter(tokens) };
    } else if (tokens.skip("name", "is")) {
      expression = parseTest(tokens, expression);
    } else if (tokens.is("operator", "(")) {
      expression = parseCall(tokens, expression);
    } else {
      return expression;
    }
  }
}

/** Parses a filter's name and arguments after the `|`. */
export function parseFilter(tokens: TokenStream): FilterCall {
  const { value: name } = tokens.expect("name");
  return { name, args: tokens.is("operator", "(") ? parseArguments(tokens) : noArguments };
}

function parseTest(tokens: TokenStream, operand: Expression): Expression {
  const isNegated = tokens.skip("name", "not");
  const { value: name } = tokens.expect("name");
  const test: Expression = { kind: "test", operand, name, args: parseTestArguments(tokens) };
  return isNegated ? { kind: "not", operand: test } : test;
}

/** Parses the arguments of a test: `is divisibleby(3)` or `is divisibleby 3`. */
function parseTestArguments(tokens: TokenStream): Arguments {
  if (tokens.is("operator", "(")) return parseArguments(tokens);
  if (!startsTestOperand(tokens.current)) return noArguments;
  return { ...noArguments, positional: [parsePostfix(tokens, parsePrimary(tokens))] };
}

const keywordsAfterTest = ["else", "or", "and", "is", "in", "if", "not"];

function startsTestOperand({ type, value }: Token): boolean {
  if (type === "name") return !keywordsAfterTest.includes(value);
  if (type === "operator") return value === "[" || value === "{";
  return type === "string" || type === "integer" || type === "float";
}
