import { HttpError } from "./http-error.ts";

/** A schema as an object, or as the JSON of one. */
export function schemaOf(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    throw wrong("must be a JSON schema, or the JSON of one");
  }
}

const maxChoices = 1000;

/** A grammar, in GBNF, of the texts that an answer may be. */
export function choiceGrammar(value: unknown): string {
  const isList = Array.isArray(value) && value.length > 0 && value.length <= maxChoices;
  if (!isList || !value.every((each) => typeof each === "string" && each !== "")) {
    throw wrong(`must be an array of 1 to ${maxChoices} strings that are not empty`);
  }
  return `root ::= ${(value as readonly string[]).map(literal).join(" | ")}`;
}

/** A text as GBNF spells it. */
function literal(text: string): string {
  const escaped = text.replace(/[\\"\p{Cc}]/gu, (character) =>
    /[\\"]/.test(character)
      ? `\\${character}`
      : `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
  return `"${escaped}"`;
}

function wrong(message: string): HttpError {
  return new HttpError(400, "INVALID_ARGUMENT", message);
}
