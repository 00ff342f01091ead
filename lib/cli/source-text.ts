import { isUtf8 } from "node:buffer";
import { invalidArgument } from "../base/arguments.ts";
import { type InfillInput, readHoles } from "../options/infill.ts";

const byteOrderMark = "\ufeff";

/** Text of a source file. `filled` restores its byte order mark and line endings. */
export class SourceText {
  /** Text without the byte order mark. */
  readonly text: string;
  readonly #mark: string;
  readonly name: string;

  /** @throws CodeLlamaError `INVALID_ARGUMENT` for bytes that are not UTF-8 */
  constructor(bytes: Buffer, name: string) {
    if (!isUtf8(bytes)) {
      throw invalidArgument(
        `${name} must be UTF-8 (line ${wrongLine(bytes)} is not); convert it first`,
      );
    }
    const text = readText(bytes, name);
    this.#mark = text.startsWith(byteOrderMark) ? byteOrderMark : "";
    this.text = text.slice(this.#mark.length);
    this.name = name;
  }

  /** @throws CodeLlamaError `INVALID_ARGUMENT` for a binary file, which an insertion could damage */
  requireText(): void {
    if (!this.text.includes("\0")) return;
    throw invalidArgument(`${this.name} must be a text file (it contains zero bytes)`);
  }

  /**
   * Returns the text before and after a cursor.
   * @param line - from 1
   * @param column - from 1, in UTF-16 units like in editors; default: the end of the line
   * @throws CodeLlamaError `INVALID_ARGUMENT` for a place outside the file
   */
  at(line: number, column: number | undefined): InfillInput {
    const { text } = this;
    const lines = text.split("\n");
    const content = lines[line - 1];
    if (content === undefined) {
      throw invalidArgument(
        `--line must be between 1 and ${lines.length} in ${this.name} (got ${line})`,
      );
    }
    const end = content.replace(/\r$/, "").length + 1;
    const place = column ?? end;
    if (!Number.isInteger(place) || place < 1 || place > end) {
      throw invalidArgument(
        `--column must be between 1 and ${end} in line ${line} of ${this.name} (got ${place})`,
      );
    }
    const inside = content.codePointAt(place - 2) ?? 0;
    if (inside > 0xffff) {
      const character = String.fromCodePoint(inside);
      throw invalidArgument(
        `--column must not be inside a character (got ${place}: ${character} in line ${line} has ` +
          "two columns)",
      );
    }
    const offset = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0) + place - 1;
    return { prefix: text.slice(0, offset), suffix: text.slice(offset) };
  }

  /** Returns the whole file with its holes filled. New line breaks match the ones around them. */
  filled(input: string | InfillInput, fills: readonly string[]): string {
    const [first = "", ...rest] = readHoles(input, "infill").texts;
    let whole = this.#mark + first;
    for (const [index, text] of rest.entries()) {
      const lineEnd = this.#lineEndAt(whole, rest.slice(index).join(""));
      whole += (fills[index] ?? "").replace(/\r\n|\r|\n/g, lineEnd) + text;
    }
    return whole;
  }

  #lineEndAt(before: string, after: string): string {
    // A file without a line feed has one line, or comes from classic Mac OS.
    if (!this.text.includes("\n")) return this.text.includes("\r") ? "\r" : "\n";
    const last = before.lastIndexOf("\n");
    const around = last >= 0 ? before.slice(0, last + 1) : after.slice(0, after.indexOf("\n") + 1);
    return around.endsWith("\r\n") ? "\r\n" : "\n";
  }
}

/**
 * Replaces CRLF by LF for the model. Models are trained on text with LF and write worse code after
 * CRLF.
 */
export function withLineFeeds(input: string | InfillInput): string | InfillInput {
  if (typeof input === "string") return lineFeedsOf(input);
  return { ...input, prefix: lineFeedsOf(input.prefix), suffix: lineFeedsOf(input.suffix) };
}

const lineFeedsOf = (text: string) => text.replaceAll("\r\n", "\n");

function readText(bytes: Buffer, name: string): string {
  try {
    return bytes.toString("utf8");
  } catch (error) {
    throw invalidArgument(`${name} is too large: ${(error as Error).message}`);
  }
}

/** Returns the number of the first line that is not UTF-8. */
function wrongLine(bytes: Buffer): number {
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const lineFeed = bytes.indexOf("\n", start);
    const end = lineFeed < 0 ? bytes.length : lineFeed;
    if (!isUtf8(bytes.subarray(start, end))) break;
    start = end + 1;
  }
  return line;
}
