import type { Value } from "../values/values.ts";

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

export interface FilterExpression {
  readonly kind: "filter";
  readonly operand: Expression;
  readonly name: string;
  readonly args: Arguments;
}

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

/** `a < b < c` compares b once with each neighbour, as in Python. */
export interface CompareExpression {
  readonly kind: "compare";
  readonly first: Expression;
  readonly rest: readonly (readonly [Comparison, Expression])[];
}

export interface ChoiceExpression {
  readonly kind: "choice";
  readonly condition: Expression;
  readonly chosen: Expression;
  readonly otherwise: Expression | undefined;
}

export interface Arguments {
  readonly positional: readonly Expression[];
  readonly keyword: readonly (readonly [string, Expression])[];
  readonly spread: Expression | undefined;
  readonly keywordSpread: Expression | undefined;
}

export type Target =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "tuple"; readonly items: readonly Target[] }
  | { readonly kind: "attribute"; readonly object: string; readonly name: string };

export interface Parameter {
  readonly name: string;
  readonly fallback: Expression | undefined;
}

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

export type Block = readonly Statement[];

export interface FilterCall {
  readonly name: string;
  readonly args: Arguments;
}

export interface IfStatement {
  readonly kind: "if";
  readonly branches: readonly { readonly condition: Expression; readonly body: Block }[];
  readonly otherwise: Block;
}

export interface ForStatement {
  readonly kind: "for";
  readonly target: Target;
  readonly iterable: Expression;
  readonly condition: Expression | undefined;
  readonly body: Block;
  readonly otherwise: Block;
}

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
