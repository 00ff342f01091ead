// Writes the option tables of the README from lib/options. With --check it only reports stale tables.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runnerImport } from "vite";
import { Failure, root, runWhenMain } from "./project.mjs";

/** @typedef {import("../lib/options/table.ts").AnyTable} AnyTable */
/** @typedef {import("../lib/options/table.ts").AnyEntry} AnyEntry */
/** @typedef {import("../lib/options/check.ts").JsonSchema} JsonSchema */

/**
 * The tables in the README: a name for the marker, the module, and the exported table.
 * `base` = a table whose options are left out unless the call documents them differently.
 */
const tables = [
  { name: "generate", module: "generate", table: "generateTable" },
  { name: "infill", module: "infill", table: "infillTable", base: "generate" },
  { name: "chat", module: "chat", table: "chatTable", base: "generate" },
  { name: "session", module: "session", table: "sessionTable" },
  { name: "load", module: "load", table: "loadTable" },
  { name: "connect", module: "connect", table: "connectTable" },
];

/** Powers of two that limit an option, and their text. */
const powers = [
  [31, "2³¹"],
  [32, "2³²"],
  [53, "2⁵³"],
];

await runWhenMain(import.meta, async (args) => {
  const path = join(root, "README.md");
  const readme = await readFile(path, "utf8");
  let updated = readme;
  /** @type {Map<string, AnyTable>} */
  const loaded = new Map();
  for (const { name, module, table, base } of tables) {
    const file = join(root, "lib", "options", `${module}.ts`);
    const imported = await runnerImport(file);
    const exports = /** @type {Record<string, AnyTable>} */ (imported.module);
    const options = exports[table] ?? {};
    loaded.set(name, options);
    updated = replaceTable(updated, name, tableText(options, loaded.get(base ?? "") ?? {}));
  }
  if (updated === readme) return;
  if (args.includes("--check")) {
    throw new Failure("README.md: the option tables are stale; run npm run format");
  }
  await writeFile(path, updated);
});

/**
 * @param {string} readme
 * @param {string} name
 * @param {string} text
 */
function replaceTable(readme, name, text) {
  const begin = `<!-- options of ${name}; npm run format writes this table -->\n`;
  const end = "<!-- end of options -->";
  const start = readme.indexOf(begin);
  const stop = readme.indexOf(end, start);
  if (start < 0 || stop < 0) throw new Failure(`README.md has no marker ${begin.trim()}`);
  return `${readme.slice(0, start + begin.length)}\n${text}\n${readme.slice(stop)}`;
}

/**
 * @param {AnyTable} table
 * @param {AnyTable} base
 */
function tableText(table, base) {
  const rows = Object.entries(table)
    .filter(([name, { doc, default: value }]) => {
      const other = base[name];
      return other === undefined || other.doc !== doc || other.default !== value;
    })
    .map(([name, entry]) => [`\`${name}\``, defaultText(entry), valuesText(entry), entry.doc]);
  return [["option", "default", "values", "effect"], Array(4).fill("---"), ...rows]
    .map((cells) => `| ${cells.join(" | ")} |\n`)
    .join("");
}

/** @param {AnyEntry} entry */
function defaultText({ default: value, defaultText: text }) {
  return value === undefined ? (text ?? "") : code(value);
}

/** @param {AnyEntry} entry */
function valuesText({ rule, options, form }) {
  if (form !== undefined) return `\`${form}\``;
  if (options !== undefined) return `\`{ ${Object.keys(options).join(", ")} }\``;
  return rule?.schema === undefined ? "" : schemaText(rule.schema);
}

/**
 * @param {JsonSchema} schema
 * @returns {string}
 */
function schemaText(schema) {
  if (schema.anyOf !== undefined) return schema.anyOf.map(schemaText).join(" or ");
  if (schema.enum !== undefined) return schema.enum.map(code).join(", ");
  switch (schema.type) {
    case "boolean":
      return "`true`, `false`";
    case "string":
      return "text";
    case "array":
      return `array of up to ${schema.maxItems}`;
    default:
      return `${limit(schema.minimum)} to ${limit(schema.maximum)}`;
  }
}

/** @param {unknown} value */
function code(value) {
  return `\`${JSON.stringify(value)}\``;
}

/** @param {number | undefined} value */
function limit(value = 0) {
  for (const [exponent, text] of powers) {
    const below = 2 ** Number(exponent) - value;
    if (below === 1 || below === 2) return `${text}-${below}`;
  }
  return `${value}`;
}
