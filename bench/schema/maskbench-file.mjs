/**
 * Reads files in MaskBench's format: one JSON object per line, `{name, schema, tests: [{valid, data}]}`.
 *
 * Schemas and instances stay the raw text of the file. JSON.parse() and JSON.stringify() would change numbers
 * such as 1.0 and 1e400.
 */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { Failure } from "../../scripts/project.mjs";

/** @typedef {{ valid: boolean, text: string }} Instance */
/** @typedef {{ name: string, schema: string, instances: Instance[] }} Entry */

/**
 * @param {string} path a file of lines, or the same compressed with gzip
 * @returns {Entry[]}
 */
export function readMaskBench(path) {
  let bytes;
  try {
    bytes = readFileSync(path);
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) bytes = gunzipSync(bytes);
  } catch (error) {
    throw new Failure(`The file of schemas cannot be read (${path}: ${error.message}).`);
  }
  const lines = bytes.toString("utf8").split(/\r?\n/);
  return lines.flatMap((line, index) =>
    line.trim() === "" ? [] : [entryOf(line, `${path}:${index + 1}`)],
  );
}

/** @returns {Entry} */
function entryOf(line, place) {
  let parsed;
  try {
    parsed = JSON.parse(line);
  } catch (error) {
    throw new Failure(`${place} is not JSON: ${error.message}.`);
  }
  if (parsed?.schema === undefined || !Array.isArray(parsed.tests)) {
    throw new Failure(`${place} must be an object with "schema" and "tests".`);
  }
  const members = membersOf(line.trim());
  return {
    name: String(parsed.name ?? place),
    schema: members.get("schema"),
    instances: itemsOf(members.get("tests")).map((test, index) => ({
      valid: parsed.tests[index].valid === true,
      text: membersOf(test).get("data") ?? "null",
    })),
  };
}

/** Raw texts of the members of a JSON object. The text must be valid JSON. */
export function membersOf(object) {
  const members = new Map();
  for (let at = skipSpace(object, 1); object[at] !== "}"; ) {
    const afterName = skipValue(object, at);
    const name = JSON.parse(object.slice(at, afterName));
    const start = skipSpace(object, skipSpace(object, afterName) + 1);
    const end = skipValue(object, start);
    members.set(name, object.slice(start, end));
    at = skipComma(object, end);
  }
  return members;
}

/** Raw texts of the items of a JSON array. The text must be valid JSON. */
export function itemsOf(array) {
  const items = [];
  for (let at = skipSpace(array, 1); array[at] !== "]"; ) {
    const end = skipValue(array, at);
    items.push(array.slice(at, end));
    at = skipComma(array, end);
  }
  return items;
}

/** The position after whitespace. */
function skipSpace(text, at) {
  while (" \t\r\n".includes(text[at])) at++;
  return at;
}

/** The position of the next item or of the closing bracket. */
function skipComma(text, at) {
  const next = skipSpace(text, at);
  return text[next] === "," ? skipSpace(text, next + 1) : next;
}

/** The position after the value that starts at `at`. */
function skipValue(text, at) {
  let depth = 0;
  do {
    if (text[at] === '"') {
      at = skipString(text, at);
    } else if ("[{".includes(text[at])) {
      depth++;
      at++;
    } else if ("]}".includes(text[at])) {
      depth--;
      at++;
    } else if (depth > 0) {
      at++;
    } else {
      while (at < text.length && !",]} \t\r\n".includes(text[at])) at++;
    }
  } while (depth > 0);
  return at;
}

/** The position after the string that starts at `at`. */
function skipString(text, at) {
  for (at++; text[at] !== '"'; at++) {
    if (text[at] === "\\") at++;
  }
  return at + 1;
}
