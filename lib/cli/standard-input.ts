import { buffer } from "node:stream/consumers";
import { SourceText } from "./source-text.ts";

/**
 * Reads all of standard input as a text, without a byte order mark.
 * @throws CodeLlamaError `INVALID_ARGUMENT` for bytes that are not UTF-8, or too many for a text
 */
export async function readStandardInput(): Promise<string> {
  return new SourceText(await buffer(process.stdin), "standard input").text;
}
