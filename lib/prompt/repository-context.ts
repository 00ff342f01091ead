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

async function wholeLines(path: string, body: string, budget: number, count: TokenCounter) {
  let kept = body;
  for (;;) {
    const tokens = await count(underComment({ path, text: kept }));
    if (tokens <= budget) return kept;
    const length = Math.floor(kept.length * Math.min(budget / tokens, 0.95));
    // lastIndexOf() takes a negative place for 0, where an empty first line has its line break.
    const lineEnd = length < 1 ? -1 : kept.lastIndexOf("\n", length - 1);
    if (lineEnd < 0) return undefined;
    kept = kept.slice(0, lineEnd + 1);
  }
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
