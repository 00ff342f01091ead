import { readFile } from "node:fs/promises";
import { CodeLlamaError } from "../errors.ts";
import { type ApiKey, isKey, keyForm } from "../server/service/api-key.ts";

/** In the environment: one more key. */
export const apiKeyVariable = "CODELLAMA_API_KEY";

/**
 * The key of the environment, and those of a file: a line each, `KEY` or `NAME:KEY`; lines that
 * begin with # are remarks.
 * @throws CodeLlamaError `INVALID_ARGUMENT`, which tells the line but no key
 */
export async function readApiKeys(file: string | undefined): Promise<readonly ApiKey[]> {
  const keys = new Map<string, ApiKey>();
  const add = (name: string, key: string, where: string) => {
    if (!isKey(key)) throw refused(`${where}: a key must be ${keyForm}`);
    if (keys.has(name)) throw refused(`${where}: another key is called ${name}`);
    const same = [...keys.values()].find((other) => other.key === key);
    if (same !== undefined) throw refused(`${where}: ${same.name} has the same key`);
    keys.set(name, { name, key });
  };
  const own = process.env[apiKeyVariable];
  if (own) add("environment", own, apiKeyVariable);
  if (file === undefined) return [...keys.values()];
  const lines = linesOf(await readText(file));
  if (lines.length === 0) throw refused(`--api-key-file: ${file} has no keys`);
  for (const [index, { line, number }] of lines.entries()) {
    const [, name = `key-${index + 1}`, key = line] = /^([\w.-]+):(.+)$/.exec(line) ?? [];
    add(name, key, `--api-key-file: ${file}:${number}`);
  }
  return [...keys.values()];
}

async function readText(file: string): Promise<string> {
  return await readFile(file, "utf8").catch((error: Error) => {
    throw refused(`--api-key-file: ${error.message}`);
  });
}

/** What is neither empty nor a remark, and the number of its line. */
function linesOf(text: string): readonly { readonly line: string; readonly number: number }[] {
  return text
    .split("\n")
    .map((line, index) => ({ line: line.trim(), number: index + 1 }))
    .filter(({ line }) => line !== "" && !line.startsWith("#"));
}

function refused(message: string): CodeLlamaError {
  return new CodeLlamaError("INVALID_ARGUMENT", message);
}
