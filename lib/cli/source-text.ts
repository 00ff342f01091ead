import { isUtf8 } from "node:buffer";
import { invalidArgument } from "../base/arguments.ts";
import { type InfillInput, readHoles } from "../options/infill.ts";

const byteOrderMark = "\ufeff";

/** A source file's text, which goes back into the file with its byte order mark and line ends. */
export class SourceText {
  /** Without the byte order mark. */
  readonly text: string;
  readonly #mark: string;
  readonly name: string;

  /** @throws CodeLlamaError `INVALID_ARGUMENT` for bytes that are not UTF-8 */
  constructor(bytes: Buffer, name: string) {
    if (!isUtf8(bytes)) {
      throw invalidArgument(`${name} is not UTF-8 in line ${wrongLine(bytes)}; convert it first`);
    }
    const text = readText(bytes, name);
    this.#mark = text.startsWith(byteOrderMark) ? byteOrderMark : "";
    this.text = text.slice(this.#mark.length);
    this.name = name;
  }

  /** @throws CodeLlamaError `INVALID_ARGUMENT` where a line more could damage it */
  requireText(): void {
    if (!this.text.includes("\0")) return;
    throw invalidArgument(`${this.name} is no text: it has bytes that are zero`);
  }

  /**
   * What stands before and behind a cursor.
   * @param line - from 1
   * @param column - from 1, in UTF-16 units as editors count; by default the line's end
   * @throws CodeLlamaError `INVALID_ARGUMENT` for a place that is not there
   */
  at(line: number, column: number | undefined): InfillInput {
    const { text } = this;
    const lines = text.split("\n");
    const content = lines[line - 1];
    if (content === undefined) {
      throw invalidArgument(
        `--line ${line} is not in ${this.name}: it has lines 1 to ${lines.length}`,
      );
    }
    const end = content.replace(/\r$/, "").length + 1;
    const place = column ?? end;
    if (!Number.isInteger(place) || place < 1 || place > end) {
      throw invalidArgument(`--column ${place} is not in line ${line}: it has columns 1 to ${end}`);
    }
    const inside = content.codePointAt(place - 2) ?? 0;
    if (inside > 0xffff) {
      const character = String.fromCodePoint(inside);
      throw invalidArgument(
        `--column ${place} of line ${line} is inside the character ${character}, which has two columns`,
      );
    }
    const offset = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0) + place - 1;
    return { prefix: text.slice(0, offset), suffix: text.slice(offset) };
  }

  /** The whole file with what fills its holes; new line ends are like those around them. */
  filled(input: string | InfillInput, fills: readonly string[]): string {
    const [first = "", ...rest] = readHoles(input, "infill").texts;
    let whole = this.#mark + first;
    for (const [index, text] of rest.entries()) {
      const lineEnd = this.#lineEndAt(whole, rest.slice(index).join(""));
      whole += (fills[index] ?? "").replace(/\r\n|\r|\n/g, lineEnd) + text;
    }
    return whole;
  }

  #lineEndAt(before: string, behind: string): string {
    // Without a line feed anywhere it is a text of classic Mac OS, or has one line.
    if (!this.text.includes("\n")) return this.text.includes("\r") ? "\r" : "\n";
    const last = before.lastIndexOf("\n");
    const around =
      last >= 0 ? before.slice(0, last + 1) : behind.slice(0, behind.indexOf("\n") + 1);
    return around.endsWith("\r\n") ? "\r\n" : "\n";
  }
}

/** What a model reads: models learned from text with bare line feeds, and write worse code after CRLF. */
export function withLineFeeds(input: string | InfillInput): string | InfillInput {
  if (typeof input === "string") return lineFeedsOf(input);
  return { ...input, prefix: lineFeedsOf(input.prefix), suffix: lineFeedsOf(input.suffix) };
}

const lineFeedsOf = (text: string) => text.replaceAll("\r\n", "\n");

function readText(bytes: Buffer, name: string): string {
  try {
    return bytes.toString("utf8");
  } catch (error) {
    throw invalidArgument(`${name} is too long: ${(error as Error).message}`);
  }
}

/** The number of the first line that is not UTF-8. */
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
