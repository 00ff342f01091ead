import { extname } from "node:path";
import type { ContextFile } from "../options/infill.ts";
import type { TokenCounter } from "./truncate.ts";

const hash = new Set([".py", ".rb", ".sh", ".pl", ".r", ".yml", ".yaml", ".toml", ".mk", ".cmake"]);
const dashes = new Set([".sql", ".lua", ".hs", ".elm"]);

/**
 * The files that fit into `budget` tokens, the nearest last. The first of `files` is the nearest: it
 * is the last to lose lines. Whole lines only, from each file's beginning.
 */
export async function fittingFiles(
  files: readonly ContextFile[],
  budget: number,
  count: TokenCounter,
): Promise<ContextFile[]> {
  const fitting: ContextFile[] = [];
  let left = budget;
  for (const { path, text } of files) {
    const body = text.endsWith("\n") || text === "" ? text : `${text}\n`;
    const kept = await wholeLines(path, body, left, count);
    if (kept === undefined) break;
    fitting.push({ path, text: kept });
    left -= await count(underComment({ path, text: kept }));
  }
  return fitting.reverse();
}

/** Files as one text to stand before the prefix, each under a comment with its path. */
export function underComments(files: readonly ContextFile[]): string {
  return files.map(underComment).join("");
}

// Code has three or four characters a token; only blank space has more.
const unitsPerToken = 16;

async function wholeLines(path: string, body: string, budget: number, count: TokenCounter) {
  // What is longer than this is not worth counting.
  const longest = budget * unitsPerToken;
  if (path.length > longest) return undefined;
  let kept = body.length > longest ? firstLines(body, longest) : body;
  while (kept !== undefined) {
    const tokens = await count(underComment({ path, text: kept }));
    if (tokens <= budget) return kept;
    kept = firstLines(kept, Math.floor(kept.length * Math.min(budget / tokens, 0.95)));
  }
  return undefined;
}

/** The whole lines within the text's first `length` units; undefined where there are none. */
function firstLines(text: string, length: number): string | undefined {
  // lastIndexOf() takes a negative place for 0, where an empty first line has its line break.
  const lineEnd = length < 1 ? -1 : text.lastIndexOf("\n", length - 1);
  return lineEnd < 0 ? undefined : text.slice(0, lineEnd + 1);
}

function underComment({ path, text }: ContextFile): string {
  return `${comment(path)}\n${text}\n`;
}

/** The path as a comment of the file's language. */
function comment(path: string): string {
  const extension = extname(path).toLowerCase();
  if (hash.has(extension)) return `# ${path}`;
  return `${dashes.has(extension) ? "--" : "//"} ${path}`;
}
