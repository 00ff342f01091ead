import type { Value } from "../values/values.ts";

// The syntax tree of a template.

/** A part of a template: text and tags in order. */
export type Block = readonly Statement[];

export type Statement =
  | { readonly kind: "output"; readonly value: Expression }
  | IfStatement
  | ForStatement
  | { readonly kind: "set"; readonly target: Target; readonly value: Expression }
  | SetBlock
  | MacroStatement
  | CallBlock
  | { readonly kind: "filterBlock"; readonly filters: readonly FilterCall[]; readonly body: Block }
  | WithStatement
  | { readonly kind: "block"; readonly body: Block }
  | { readonly kind: "break" | "continue" };

export interface IfStatement {
  readonly kind: "if";
  readonly branches: readonly { readonly condition: Expression; readonly body: Block }[];
  readonly otherwise: Block;
}

/** `{% for target in iterable if condition %}body{% else %}otherwise{% endfor %}` */
export interface ForStatement {
  readonly kind: "for";
  readonly target: Target;
  readonly iterable: Expression;
  /** Skips items for which it is false. */
  readonly condition: Expression | undefined;
  readonly body: Block;
  /** Runs if no item is left. */
  readonly otherwise: Block;
}

/** `{% set target | filters %}body{% endset %}` */
export interface SetBlock {
  readonly kind: "setBlock";
  readonly target: Target;
  readonly filters: readonly FilterCall[];
  readonly body: Block;
}

export interface MacroStatement {
  readonly kind: "macro";
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly body: Block;
}

export interface Parameter {
  readonly name: string;
  /** The default. Undefined if the parameter has none. */
  readonly fallback: Expression | undefined;
}

/** `{% call(parameters) macro(…) %}body{% endcall %}`: the macro gets the body as `caller`. */
export interface CallBlock {
  readonly kind: "callBlock";
  readonly parameters: readonly Parameter[];
  readonly call: CallExpression;
  readonly body: Block;
}

export interface WithStatement {
  readonly kind: "with";
  readonly assignments: readonly (readonly [Target, Expression])[];
  readonly body: Block;
}

/** The left side of an assignment. */
export type Target =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "tuple"; readonly items: readonly Target[] }
  | { readonly kind: "attribute"; readonly object: string; readonly name: string };

export type Expression =
  | { readonly kind: "constant"; readonly value: Value }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "list" | "tuple"; readonly items: readonly Expression[] }
  | { readonly kind: "dict"; readonly entries: readonly (readonly [Expression, Expression])[] }
  | { readonly kind: "attribute"; readonly object: Expression; readonly name: string }
  | { readonly kind: "item"; readonly object: Expression; readonly key: Expression }
  | SliceExpression
  | CallExpression
  | FilterExpression
  | TestExpression
  | { readonly kind: "not"; readonly operand: Expression }
  | { readonly kind: "sign"; readonly isNegative: boolean; readonly operand: Expression }
  | BinaryExpression
  | { readonly kind: "concat"; readonly parts: readonly Expression[] }
  | CompareExpression
  | { readonly kind: "and" | "or"; readonly left: Expression; readonly right: Expression }
  | ChoiceExpression;

/** `object[start:stop:step]` */
export interface SliceExpression {
  readonly kind: "slice";
  readonly object: Expression;
  readonly start: Expression | undefined;
  readonly stop: Expression | undefined;
  readonly step: Expression | undefined;
}

export interface CallExpression {
  readonly kind: "call";
  readonly callee: Expression;
  readonly args: Arguments;
}

/** `operand | name(args)` */
export interface FilterExpression extends FilterCall {
  readonly kind: "filter";
  readonly operand: Expression;
}

/** The part of a filter expression after the `|`. */
export interface FilterCall {
  readonly name: string;
  readonly args: Arguments;
}

/** `operand is name(args)` */
export interface TestExpression {
  readonly kind: "test";
  readonly operand: Expression;
  readonly name: string;
  readonly args: Arguments;
}

export type Operator = "+" | "-" | "*" | "/" | "//" | "%" | "**";

export interface BinaryExpression {
  readonly kind: "binary";
  readonly operator: Operator;
  readonly left: Expression;
  readonly right: Expression;
}

export type Comparison = "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "not in";

/** A chain such as `a < b < c`. Like Python, it compares each pair of neighbours. */
export interface CompareExpression {
  readonly kind: "compare";
  readonly first: Expression;
  readonly rest: readonly (readonly [Comparison, Expression])[];
}

/** `chosen if condition else otherwise` */
export interface ChoiceExpression {
  readonly kind: "choice";
  readonly condition: Expression;
  readonly chosen: Expression;
  readonly otherwise: Expression | undefined;
}

/** Arguments of a call: `f(positional, keyword=value, *spread, **keywordSpread)`. */
export interface Arguments {
  readonly positional: readonly Expression[];
  readonly keyword: readonly (readonly [string, Expression])[];
  readonly spread: Expression | undefined;
  readonly keywordSpread: Expression | undefined;
}
