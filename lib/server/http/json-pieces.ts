import { ownTurn } from "./turn.ts";

/** Text that is already JSON. */
export class JsonText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Value that is created only when it is written, so that a long list does not block the event loop. */
export interface Later {
  toJSON(): unknown;
}

export function later(make: () => unknown): Later {
  return { toJSON: make };
}

// Number of primitive array elements per piece.
const elementsOfPiece = 256;

/**
 * Writes a value as JSON in short pieces. The result equals that of `JSON.stringify`, except that
 * every iterable object becomes an array. An iterable yields its next element only when it is written.
 */
export function* jsonPieces(value: unknown): Generator<string> {
  if (value instanceof JsonText) yield value.text;
  else if (!isObject(value)) yield JSON.stringify(value) ?? "null";
  else if (isLater(value)) yield* jsonPieces(value.toJSON());
  else if (Symbol.iterator in value) yield* listPieces(value as Iterable<unknown>);
  else yield* recordPieces(value);
}

function* listPieces(elements: Iterable<unknown>): Generator<string> {
  let piece = "[";
  let count = 0;
  let separator = "";
  for (const element of elements) {
    piece += separator;
    separator = ",";
    if (isObject(element) && !(element instanceof JsonText)) {
      yield piece;
      yield* jsonPieces(element);
      piece = "";
      continue;
    }
    piece += element instanceof JsonText ? element.text : (JSON.stringify(element) ?? "null");
    count++;
    if (count % elementsOfPiece !== 0) continue;
    yield piece;
    piece = "";
  }
  yield `${piece}]`;
}

function* recordPieces(record: object): Generator<string> {
  let before = "{";
  for (const [name, value] of Object.entries(record)) {
    if (value === undefined) continue;
    yield `${before}${JSON.stringify(name)}:`;
    yield* jsonPieces(value);
    before = ",";
  }
  yield before === "{" ? "{}" : "}";
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isLater(value: object): value is Later {
  return "toJSON" in value && typeof value.toJSON === "function";
}

// One slice of work may block other requests for about this long.
const sliceMs = 1;

/** Joins texts for about a millisecond at a time and yields to the event loop between slices. */
export async function* inSlices(texts: Iterable<string>): AsyncGenerator<string> {
  let slice = "";
  let end = performance.now() + sliceMs;
  for (const text of texts) {
    slice += text;
    if (performance.now() < end) continue;
    yield slice;
    slice = "";
    await ownTurn();
    end = performance.now() + sliceMs;
  }
  if (slice !== "") yield slice;
}
