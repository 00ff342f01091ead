import { extname } from "node:path";
import type { ContextFile } from "../options/infill.ts";
import type { TokenCounter } from "./truncate.ts";

const hash = new Set([".py", ".rb", ".sh", ".pl", ".r", ".yml", ".yaml", ".toml", ".mk", ".cmake"]);
const dashes = new Set([".sql", ".lua", ".hs", ".elm"]);

/**
 * Selects the files that fit into `budget` tokens and returns them with the nearest last. The first
 * of `files` is the nearest. The last file that fits in part keeps its first whole lines.
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

/** Joins the files into one text for the start of the prefix, each below a comment with its path. */
export function underComments(files: readonly ContextFile[]): string {
  return files.map(underComment).join("");
}

// Code has three or four characters per token; only white space has more.
const unitsPerToken = 16;

async function wholeLines(path: string, body: string, budget: number, count: TokenCounter) {
  // A longer text cannot fit, so counting its tokens would waste time.
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

/** The whole lines within the first `length` UTF-16 units; undefined if there is no whole line. */
function firstLines(text: string, length: number): string | undefined {
  // lastIndexOf() treats a negative position as 0, where it would find an empty first line.
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
