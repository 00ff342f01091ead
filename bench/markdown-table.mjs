/**
 * A Markdown table whose columns are aligned as plain text too. Empty columns are left out.
 *
 * @param {readonly { readonly title: string, readonly isNumeric?: boolean }[]} columns numeric
 *   columns align to the right
 * @param {readonly (readonly string[])[]} rows
 */
export function markdownTable(columns, rows) {
  const cells = rows.map((row) => row.map((cell) => cell.replaceAll("|", "\\|")));
  const kept = columns.map((_, at) => at).filter((at) => cells.some((row) => row[at] !== ""));
  const widths = columns.map(({ title }, at) =>
    Math.max(title.length, ...cells.map((row) => row[at].length)),
  );
  const pad = (text, at) =>
    columns[at].isNumeric ? text.padStart(widths[at]) : text.padEnd(widths[at]);
  const line = (row) => `| ${kept.map((at) => pad(row[at], at)).join(" | ")} |`;
  const rule = kept.map((at) =>
    columns[at].isNumeric ? `${"-".repeat(widths[at] - 1)}:` : "-".repeat(widths[at]),
  );
  return [
    line(columns.map(({ title }) => title)),
    `| ${rule.join(" | ")} |`,
    ...cells.map(line),
  ].join("\n");
}
