import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");
const script = join(root, "test/fixtures/render-with-jinja2.py");
const folder = join(root, "native/llama.cpp/models/templates");

const python = spawnSync("python3", ["-c", "import jinja2; print(jinja2.__version__)"], {
  encoding: "utf8",
});

/** Whether Python's jinja2 is installed. */
export const hasJinja2 = python.status === 0;

/** Chat templates of real models from llama.cpp's source, by name. Empty if there is no source. */
export function realTemplates(): Map<string, string> {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return new Map(
    names
      .filter((name) => name.endsWith(".jinja"))
      .map((name) => [name.replace(/\.jinja$/, ""), readFileSync(join(folder, name), "utf8")]),
  );
}

export interface Rendering {
  readonly text?: string;
  readonly error?: string;
}

/** Renders each template with each set of variables in Python's jinja2: results by template and dialog. */
export function renderWithJinja2(
  templates: ReadonlyMap<string, string>,
  dialogs: ReadonlyMap<string, object>,
): Record<string, Record<string, Rendering>> {
  const { status, stdout, stderr } = spawnSync("python3", [script], {
    input: JSON.stringify({
      templates: Object.fromEntries(templates),
      dialogs: Object.fromEntries(dialogs),
    }),
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Record<string, Record<string, Rendering>>;
}
