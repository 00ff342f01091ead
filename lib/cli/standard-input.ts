import { buffer } from "node:stream/consumers";
import { SourceText } from "./source-text.ts";

/**
 * Reads all of standard input as text without a byte order mark.
 * @throws CodeLlamaError `INVALID_ARGUMENT` if the input is not UTF-8 or too large for a string
 */
export async function readStandardInput(): Promise<string> {
  return new SourceText(await buffer(process.stdin), "standard input").text;
}
