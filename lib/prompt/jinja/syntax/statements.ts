import { TemplateSyntaxError } from "../errors.ts";
import { Text } from "../values/text.ts";
import { parseExpression, parseFilter, parseTuple } from "./expressions.ts";
import { TokenStream } from "./token-stream.ts";
import type {
  Block,
  CallExpression,
  Expression,
  FilterCall,
  Parameter,
  Statement,
  Target,
} from "./tree.ts";

// Real templates have up to 20,000 characters. The limit bounds the time of parsing.
const maxLength = 2 ** 17;

/** @throws TemplateSyntaxError */
export function parseTemplate(template: string): Block {
  if (template.length > maxLength) {
    throw new TemplateSyntaxError(
      `it may have at most ${maxLength} characters (got ${template.length})`,
    );
  }
  const tokens = new TokenStream(template);
  const body = parseBlock(tokens, []);
  if (!tokens.is("end")) throw tokens.unexpected("the end");
  return body;
}

/** Parses statements up to a tag with one of the names `ends`. Does not take that tag. */
function parseBlock(tokens: TokenStream, ends: readonly string[]): Block {
  return tokens.nested(() => {
    const body: Statement[] = [];
    for (;;) {
      if (tokens.is("data")) {
        const text = new Text(tokens.take().value);
        body.push({ kind: "output", value: { kind: "constant", value: text } });
      } else if (tokens.skip("variableBegin")) {
        body.push({ kind: "output", value: parseTuple(tokens) });
        tokens.expect("variableEnd");
      } else if (tokens.is("blockBegin") && !isEndTag(tokens, ends)) {
        tokens.take();
        body.push(parseStatement(tokens));
      } else {
        return body;
      }
    }
  });
}

function isEndTag(tokens: TokenStream, ends: readonly string[]): boolean {
  return tokens.next.type === "name" && ends.includes(tokens.next.value);
}

/** Parses the rest of a tag from its `%}` to its end tag, and takes the end tag. */
function parseBody(tokens: TokenStream, end: string): Block {
  tokens.expect("blockEnd");
  const body = parseBlock(tokens, [end]);
  tokens.expect("blockBegin");
  tokens.expect("name", end);
  // {% endmacro name %}
  if (end === "endmacro") tokens.skip("name");
  tokens.expect("blockEnd");
  return body;
}

function parseStatement(tokens: TokenStream): Statement {
  const { value: tag } = tokens.expect("name");
  switch (tag) {
    case "if":
      return parseIf(tokens);
    case "for":
      return parseFor(tokens);
    case "set":
      return parseSet(tokens);
    case "macro":
      return parseMacro(tokens);
    case "call":
      return parseCall(tokens);
    case "filter": {
      const filters = parseFilters(tokens, parseFilter(tokens));
      return { kind: "filterBlock", filters, body: parseBody(tokens, "endfilter") };
    }
    case "with":
      return parseWith(tokens);
    case "generation":
      // transformers marks the assistant's tokens with this tag. It renders its body.
      return { kind: "block", body: parseBody(tokens, "endgeneration") };
    case "break":
    case "continue":
      tokens.expect("blockEnd");
      return { kind: tag };
    default:
      throw new TemplateSyntaxError(`Encountered unknown tag '${tag}'.`);
  }
}

function parseIf(tokens: TokenStream): Statement {
  const branches: { condition: Expression; body: Block }[] = [];
  let otherwise: Block = [];
  for (let tag = "if"; tag !== "endif"; ) {
    if (tag === "else") {
      otherwise = parseBody(tokens, "endif");
      break;
    }
    const condition = parseTuple(tokens, false);
    tokens.expect("blockEnd");
    branches.push({ condition, body: parseBlock(tokens, ["elif", "else", "endif"]) });
    tokens.expect("blockBegin");
    tag = tokens.expect("name", "elif", "else", "endif").value;
    if (tag === "endif") tokens.expect("blockEnd");
  }
  return { kind: "if", branches, otherwise };
}

function parseFor(tokens: TokenStream): Statement {
  const target = parseTarget(tokens);
  tokens.expect("name", "in");
  const iterable = parseTuple(tokens, false);
  const condition = tokens.skip("name", "if") ? parseExpression(tokens) : undefined;
  if (tokens.is("name", "recursive")) {
    throw new TemplateSyntaxError("recursive loops are not supported");
  }
  tokens.expect("blockEnd");
  const body = parseBlock(tokens, ["endfor", "else"]);
  tokens.expect("blockBegin");
  const hasElse = tokens.expect("name", "endfor", "else").value === "else";
  const otherwise = hasElse ? parseBody(tokens, "endfor") : [];
  if (!hasElse) tokens.expect("blockEnd");
  return { kind: "for", target, iterable, condition, body, otherwise };
}

function parseSet(tokens: TokenStream): Statement {
  const target = parseTarget(tokens);
  if (tokens.skip("operator", "=")) {
    const value = parseTuple(tokens);
    tokens.expect("blockEnd");
    return { kind: "set", target, value };
  }
  const filters = parseFilters(tokens);
  return { kind: "setBlock", target, filters, body: parseBody(tokens, "endset") };
}

/** Parses a chain of filters, such as `| trim | upper`. */
function parseFilters(tokens: TokenStream, first?: FilterCall): FilterCall[] {
  const filters = first === undefined ? [] : [first];
  while (tokens.skip("operator", "|")) filters.push(parseFilter(tokens));
  return filters;
}

/** Parses the left side of an assignment: `name`, `a, b`, `(a, b)` or `namespace.name`. */
function parseTarget(tokens: TokenStream): Target {
  const items = [parseOneTarget(tokens)];
  let isTuple = false;
  while (tokens.skip("operator", ",")) {
    isTuple = true;
    if (!tokens.is("name") || tokens.is("name", "in")) break;
    items.push(parseOneTarget(tokens));
  }
  const [only] = items;
  return isTuple || only === undefined ? { kind: "tuple", items } : only;
}

function parseOneTarget(tokens: TokenStream): Target {
  return tokens.nested(() => {
    if (tokens.skip("operator", "(")) {
      const target = parseTarget(tokens);
      tokens.expect("operator", ")");
      return target;
    }
    const { value: name } = tokens.expect("name");
    if (!tokens.skip("operator", ".")) return { kind: "name", name };
    return { kind: "attribute", object: name, name: tokens.expect("name").value };
  });
}

function parseMacro(tokens: TokenStream): Statement {
  const { value: name } = tokens.expect("name");
  const parameters = parseParameters(tokens);
  return { kind: "macro", name, parameters, body: parseBody(tokens, "endmacro") };
}

function parseParameters(tokens: TokenStream): Parameter[] {
  const parameters: Parameter[] = [];
  tokens.expect("operator", "(");
  while (!tokens.skip("operator", ")")) {
    if (parameters.length > 0) tokens.expect("operator", ",");
    const { value: name } = tokens.expect("name");
    const fallback = tokens.skip("operator", "=") ? parseExpression(tokens) : undefined;
    if (fallback === undefined && parameters.at(-1)?.fallback !== undefined) {
      throw new TemplateSyntaxError("non-default argument follows default argument");
    }
    parameters.push({ name, fallback });
  }
  return parameters;
}

function parseCall(tokens: TokenStream): Statement {
  const parameters = tokens.is("operator", "(") ? parseParameters(tokens) : [];
  const call = parseExpression(tokens);
  if (call.kind !== "call") throw new TemplateSyntaxError("expected a call");
  const body = parseBody(tokens, "endcall");
  return { kind: "callBlock", parameters, call: call satisfies CallExpression, body };
}

function parseWith(tokens: TokenStream): Statement {
  const assignments: (readonly [Target, Expression])[] = [];
  while (!tokens.is("blockEnd")) {
    if (assignments.length > 0) tokens.expect("operator", ",");
    const target = parseOneTarget(tokens);
    tokens.expect("operator", "=");
    assignments.push([target, parseExpression(tokens)]);
  }
  return { kind: "with", assignments, body: parseBody(tokens, "endwith") };
}
