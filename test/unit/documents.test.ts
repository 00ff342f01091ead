import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const tracked = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
})
  .trim()
  .split("\n");
const folders = new Set(tracked.flatMap(parents));
const names = new Set([...tracked, ...folders].map((path) => basename(path)));

// Names that stand for a file of the reader.
const examples = new Set(["hello.mjs"]);

// Made by commands, or part of the fetched source, so not in the repository.
const made =
  /^(dist|build|build-[\w-]+|prebuilds|native\/llama\.cpp|\.cache|node_modules|bench\/models)(\/|$)/;
const rooms = "lib|native|test|scripts|bench|examples|models|engine|addon|kernels|\\.vscode";

function parents(path: string): string[] {
  const parent = dirname(path);
  return parent === "." ? [] : [parent, ...parents(parent)];
}

function isThere(path: string, from: string): boolean {
  if (made.test(path)) return true;
  const bases = ["", "native/", "native/engine/", "test/", `${dirname(from)}/`];
  return bases.some((base) => {
    const full = join(base, path).replace(/\/$/, "");
    return tracked.includes(full) || folders.has(full);
  });
}

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** Headings as GitHub names their anchors. */
function anchors(text: string): Set<string> {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, "")
        .replaceAll(" ", "-"),
    ),
  );
}

const documents = tracked.filter((path) => path.endsWith(".md") && existsSync(join(root, path)));
const sources = tracked.filter(
  (path) =>
    /\.(ts|mjs|cc|h|cmake|css|sh)$|CMakeLists\.txt$/.test(path) && existsSync(join(root, path)),
);

describe("each document names only what exists", () => {
  test.each(documents)("%s: links", (document) => {
    const text = read(document);
    const links = [...text.matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)].map(
      ([, link = ""]) => link,
    );
    const broken = links.filter((link) => {
      const [path = "", anchor] = link.split("#");
      const target = path === "" ? document : join(dirname(document), path);
      if (!existsSync(join(root, target))) return true;
      return anchor !== undefined && !anchors(read(target)).has(anchor);
    });
    expect(broken).toEqual([]);
  });

  test.each(documents)("%s: paths", (document) => {
    expect(unknownPaths(read(document), document)).toEqual([]);
  });
});

test("each comment names only files that exist", () => {
  const wrong = sources.flatMap((source) => {
    const comments = read(source).match(/^\s*(\/\/|\/?\*|#).*$|\s\/\/ .*$/gm) ?? [];
    const paths = unknownPaths(comments.join("\n"), source);
    return paths.map((path) => `${source}: ${path}`);
  });
  expect(wrong).toEqual([]);
});

/** Paths below a known folder, and names of our source files, that are not in the repository. */
function unknownPaths(text: string, from: string): string[] {
  const inFolders = new RegExp(`(?<![\\w./@-])(?:${rooms})/[\\w./*-]*[\\w*/]`, "g");
  const paths = (text.match(inFolders) ?? []).filter((path) => !/[*]|\.{3}|NAME/.test(path));
  const files = text.match(/(?<![\w./@*<-])[\w-]+(\.test)?\.(ts|mjs|cc)\b(?!\.)/g) ?? [];
  return [
    ...new Set(paths.filter((path) => !isThere(path, from))),
    ...new Set(files.filter((file) => !names.has(file) && !examples.has(file))),
  ];
}

test("a path that does not exist is found", () => {
  const text = "see lib/nowhere.ts, lib/errors.ts, gone.mjs and port.ts";
  expect(unknownPaths(text, "README.md")).toEqual(["lib/nowhere.ts", "gone.mjs"]);
});
