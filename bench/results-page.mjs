/** Makes a page with all results in one table, for readers who did not see the run. */
import { findings, range, short, times, verdict } from "./findings.mjs";
import { markdownTable } from "./markdown-table.mjs";
import { head } from "./report.mjs";

const COLUMNS = [
  { title: "case" },
  { title: "on" },
  { title: "metric" },
  { title: "ours", isNumeric: true },
  { title: "spread" },
  { title: "peer" },
  { title: "peer's", isNumeric: true },
  { title: "peer's spread" },
  { title: "ours / peer's", isNumeric: true },
  { title: "target" },
  { title: "" },
];

/** One row per peer, and one for our engine if its target is a fixed value or it has no peer. */
function rows(name, comparison) {
  const { subject, measure, unit, better } = comparison;
  const [ours, ...peers] = findings(comparison);
  const begin = [
    name,
    subject,
    `${measure}, ${unit} (${better} is better)`,
    short(ours.median),
    range(ours),
  ];
  const goal = (target) => [target?.text ?? "", verdict(target)];
  const alone = ours.target || peers.length === 0;
  return [
    ...(alone ? [[...begin, "", "", "", "", ...goal(ours.target)]] : []),
    ...peers.map((peer) => [
      ...begin,
      peer.engine,
      short(peer.median),
      range(peer),
      times(peer.ratio),
      ...goal(peer.target),
    ]),
  ];
}

/**
 * The page: machine and command, the table, a summary of each case, and the peers that were left out.
 *
 * @param {import("./output.mjs").Report} report
 */
export function resultsPage({ machine, options, command, cases }) {
  const body = cases.flatMap(({ name, comparisons }) =>
    comparisons.flatMap((comparison) => rows(name, comparison)),
  );
  const leftOut = cases.flatMap(({ name, leftOut }) =>
    leftOut.map((reason) => `- Left out of \`${name}\`: ${reason}`),
  );
  return [
    "# Results",
    head(machine, options)
      .split("\n")
      .map((line) => `- ${line}`)
      .concat(`- ${machine.date}`)
      .join("\n"),
    `\`\`\`sh\n${command}\n\`\`\``,
    "Medians, with the least and the greatest sample as spread.",
    markdownTable(COLUMNS, body),
    cases.map(({ name, summary }) => `- \`${name}\`: ${summary}`).join("\n"),
    ...(leftOut.length > 0 ? [leftOut.join("\n")] : []),
  ]
    .join("\n\n")
    .concat("\n");
}
