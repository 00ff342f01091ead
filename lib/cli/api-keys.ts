import { readFile } from "node:fs/promises";
import { invalidArgument } from "../base/arguments.ts";
import { type ApiKey, isKey, keyForm } from "../server/service/api-key.ts";

/** Environment variable that holds one more key. */
export const apiKeyVariable = "CODELLAMA_API_KEY";

/**
 * Reads the key in the environment and the keys in a file. Each line of the file is `KEY` or
 * `NAME:KEY`. Empty lines and lines that start with # are ignored.
 * @throws CodeLlamaError `INVALID_ARGUMENT`, which names the line and never shows a key
 */
export async function readApiKeys(file: string | undefined): Promise<readonly ApiKey[]> {
  const keys = new Map<string, ApiKey>();
  const add = (name: string, key: string, where: string) => {
    if (!isKey(key)) throw invalidArgument(`${where}: a key must be ${keyForm}`);
    if (keys.has(name)) throw invalidArgument(`${where}: another key has the name ${name}`);
    const same = [...keys.values()].find((other) => other.key === key);
    if (same !== undefined) throw invalidArgument(`${where}: ${same.name} has the same key`);
    keys.set(name, { name, key });
  };
  const own = process.env[apiKeyVariable];
  if (own) add("environment", own, apiKeyVariable);
  if (file === undefined) return [...keys.values()];
  const lines = linesOf(await readText(file));
  if (lines.length === 0) throw invalidArgument(`--api-key-file: ${file} contains no keys`);
  for (const [index, { line, number }] of lines.entries()) {
    const [, name = `key-${index + 1}`, key = line] = /^([\w.-]+):(.+)$/.exec(line) ?? [];
    add(name, key, `--api-key-file: ${file}:${number}`);
  }
  return [...keys.values()];
}

async function readText(file: string): Promise<string> {
  return await readFile(file, "utf8").catch((error: Error) => {
    throw invalidArgument(`--api-key-file: ${error.message}`);
  });
}

/** Returns the lines that are neither empty nor comments, with their line numbers. */
function linesOf(text: string): readonly { readonly line: string; readonly number: number }[] {
  return text
    .split("\n")
    .map((line, index) => ({ line: line.trim(), number: index + 1 }))
    .filter(({ line }) => line !== "" && !line.startsWith("#"));
}
