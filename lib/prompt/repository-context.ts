import { extname } from "node:path";
import type { TokenCounter } from "./truncate.ts";

/** A file of the same repository. */
export interface ContextFile {
  readonly path: string;
  readonly text: string;
}

const hash = new Set([".py", ".rb", ".sh", ".pl", ".r", ".yml", ".yaml", ".toml", ".mk", ".cmake"]);
const dashes = new Set([".sql", ".lua", ".hs", ".elm"]);

/**
 * Other files as one text to stand before the prefix, each under a comment with its path. The first
 * file is the nearest: it stands last, next to the prefix, and is the last to lose lines where all
 * do not fit into `budget` tokens. Whole lines only, from each file's beginning.
 */
export async function repositoryContext(
  files: readonly ContextFile[],
  budget: number,
  count: TokenCounter,
): Promise<string> {
  let context = "";
  let left = budget;
  for (const { path, text } of files) {
    const header = `${comment(path)}\n`;
    const body = text.endsWith("\n") || text === "" ? text : `${text}\n`;
    const piece = await wholeLines(header, body, left, count);
    if (piece === "") break;
    context = piece + context;
    left -= await count(piece);
  }
  return context;
}

async function wholeLines(header: string, body: string, budget: number, count: TokenCounter) {
  let kept = body;
  for (;;) {
    const piece = `${header}${kept}\n`;
    const tokens = await count(piece);
    if (tokens <= budget) return piece;
    const length = Math.floor(kept.length * Math.min(budget / tokens, 0.95));
    const lineEnd = kept.lastIndexOf("\n", length - 1);
    if (lineEnd < 0) return "";
    kept = kept.slice(0, lineEnd + 1);
  }
}

/** The path as a comment of the file's language. */
function comment(path: string): string {
  const extension = extname(path).toLowerCase();
  if (hash.has(extension)) return `# ${path}`;
  return `${dashes.has(extension) ? "--" : "//"} ${path}`;
}
