import { HttpError } from "../http/http-error.ts";

/** Maximum characters of a schema or of all choices: one turn of the event loop converts them. */
const maxLength = 2 ** 18;

/** The schema in a field that holds an object or its JSON. */
export function schemaOf(value: unknown): unknown {
  if (typeof value !== "string") return value;
  if (value.length > maxLength) throw wrong(`must have at most ${maxLength} characters`);
  try {
    return JSON.parse(value);
  } catch {
    throw wrong("must be a JSON schema, or the JSON of one");
  }
}

const maxChoices = 1000;

/** A GBNF grammar that allows exactly these texts. */
export function choiceGrammar(value: unknown): string {
  const choices = Array.isArray(value) && value.length <= maxChoices ? value.filter(isChoice) : [];
  if (choices.length === 0 || choices.length !== (value as readonly unknown[]).length) {
    throw wrong(`must be an array of 1 to ${maxChoices} strings that are not empty`);
  }
  if (choices.reduce((sum, { length }) => sum + length, 0) > maxLength) {
    throw wrong(`must have at most ${maxLength} characters in all`);
  }
  return `root ::= ${choices.map(literal).join(" | ")}`;
}

function isChoice(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

/** A text as a GBNF literal. */
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
