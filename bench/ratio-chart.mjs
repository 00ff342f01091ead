/** Draws the ratios to each peer as a bar chart in SVG. */
import { findings } from "./findings.mjs";

const WIDTH = 860;
const MARGIN = 24;
const HEAD = 76;
const AXIS = 22;
const TITLE = 30;
const BAR = 14;
const ROW = 22;
const FOOT = 34;
/** Space for a bar's number on both sides. */
const VALUE = 52;
/** Estimated width of a character in a label. */
const CHARACTER = 6.6;
const TICKS = [
  0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000,
];
/** Colours that people with any colour vision can distinguish, on both backgrounds (after Okabe and Ito). */
const COLOURS = ["#3a8fd1", "#d98314", "#1fa37a", "#c0699b", "#8a7fd6", "#a39121"];

// The chart has its own background, so it is readable on any page. Titles have an edge in the background's
// colour, because grid lines run behind them.
const STYLE = `
    text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; font-size: 12px; fill: #24292f; }
    .background { fill: #ffffff; stroke: #d0d7de; }
    .title { font-size: 17px; font-weight: 600; }
    .group { font-weight: 600; paint-order: stroke; stroke: #ffffff; stroke-width: 6px; }
    .quiet { fill: #57606a; font-size: 11px; }
    .grid { stroke: #d8dee4; }
    .one { stroke: #57606a; stroke-width: 1.5; }
    .target { stroke: #24292f; stroke-width: 2; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; }
      .background { fill: #0d1117; stroke: #30363d; }
      .group { stroke: #0d1117; }
      .quiet { fill: #9198a1; }
      .grid { stroke: #262c36; }
      .one { stroke: #9198a1; }
      .target { stroke: #e6edf3; }
    }`;

function escapeText(text) {
  const entities = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replace(/[&<>"]/g, (character) => entities[character]);
}

/** A coordinate with one visible digit. */
const place = (value) => String(Math.round(value * 10) / 10);

function text(x, y, content, { of = "", anchor = "start" } = {}) {
  const kind = of === "" ? "" : ` class="${of}"`;
  return `<text x="${place(x)}" y="${place(y)}"${kind} text-anchor="${anchor}">${escapeText(content)}</text>`;
}

function line(x, from, to, of) {
  return `<line x1="${place(x)}" x2="${place(x)}" y1="${place(from)}" y2="${place(to)}" class="${of}"/>`;
}

/** How many times better our engine is. Above 1, ours is better, for either direction of the measure. */
function advantage(better, ratio) {
  return better === "lower" ? 1 / ratio : ratio;
}

/** Comparisons with peers that can be drawn. */
function groups(cases) {
  return cases.flatMap(({ name, comparisons }) =>
    comparisons.flatMap((comparison) => {
      const { subject, measure, better } = comparison;
      const bars = findings(comparison)
        .filter(({ isOurs, ratio }) => !isOurs && Number.isFinite(ratio) && ratio > 0)
        .map(({ engine, ratio, target }) => ({
          engine,
          times: advantage(better, ratio),
          wanted: target && { times: advantage(better, target.bound), isMet: target.isMet },
        }));
      return bars.length > 0 ? [{ title: `${name}: ${measure} · ${subject}`, bars }] : [];
    }),
  );
}

/** Ticks from below the smallest value to above the largest. */
function ticks(values) {
  const least = Math.min(0.5, ...values);
  const greatest = Math.max(2, ...values);
  const from = TICKS.findLastIndex((tick) => tick <= least);
  const to = TICKS.findIndex((tick) => tick >= greatest);
  return TICKS.slice(Math.max(0, from), to < 0 ? TICKS.length : to + 1);
}

/** A ratio such as "7.1×", with its significant digits. */
function label(times) {
  const digits = times >= 10 ? 0 : times >= 0.1 ? (times >= 2 ? 1 : 2) : 3;
  return `${times.toFixed(digits)}×`;
}

/** Bars of one comparison. `y` is the upper edge. */
function drawGroup({ title, bars }, y, { scale, one, colours }) {
  const drawn = bars.flatMap(({ engine, times, wanted }, index) => {
    const top = y + TITLE + index * ROW;
    const baseline = top + BAR - 3;
    const end = scale(times);
    const isAhead = times >= 1;
    const width = Math.max(1, Math.abs(end - one));
    const left = Math.min(end, one);
    return [
      text(MARGIN + 12, baseline, engine),
      `<rect x="${place(left)}" y="${place(top)}" width="${place(width)}" height="${BAR}" rx="2" fill="${colours.get(engine)}"/>`,
      ...(wanted ? [line(scale(wanted.times), top - 3, top + BAR + 3, "target")] : []),
      text(
        isAhead ? Math.max(end, wanted ? scale(wanted.times) : end) + 6 : end - 6,
        baseline,
        label(times),
        { anchor: isAhead ? "start" : "end" },
      ),
    ];
  });
  return [text(MARGIN, y + TITLE - 10, title, { of: "group" }), ...drawn];
}

/**
 * Draws every ratio of a run on one logarithmic axis. A bar to the right means that our engine is better, a bar
 * to the left that it is worse. A short line across a bar is its target.
 *
 * @param {import("./output.mjs").Report} report
 * @returns {string} an SVG document
 */
export function ratioChart({ machine, options, cases }) {
  const all = groups(cases);
  const bars = all.flatMap((group) => group.bars);
  const engines = [...new Set(bars.map(({ engine }) => engine))];
  const colours = new Map(engines.map((name, at) => [name, COLOURS[at % COLOURS.length]]));
  const axis = ticks(bars.flatMap(({ times, wanted }) => [times, wanted?.times ?? times]));
  const labels = Math.max(0, ...engines.map((name) => name.length)) * CHARACTER;
  const left = MARGIN + 12 + labels + VALUE;
  const right = WIDTH - MARGIN - VALUE;
  const [first, last] = [Math.log(axis[0]), Math.log(axis[axis.length - 1])];
  const scale = (times) => {
    const share = (Math.log(times) - first) / (last - first);
    return left + (right - left) * Math.min(1, Math.max(0, share));
  };
  const one = scale(1);
  const heights = all.map((group) => TITLE + group.bars.length * ROW);
  const top = HEAD + AXIS;
  const bottom = top + heights.reduce((sum, height) => sum + height, 0) + 6;
  const height = bottom + FOOT;

  let y = top;
  const drawn = all.flatMap((group, at) => {
    const lines = drawGroup(group, y, { scale, one, colours });
    y += heights[at];
    return lines;
  });
  const explained =
    bars.length > 0
      ? "How many times as good as each: to the right of 1× ours is ahead; logarithmic; a line across a bar is its target"
      : "No peer was measured.";
  const grid = bars.length > 0 ? axis : [];
  const { threads, repetitions } = options;
  const where = `${machine.cpu} · ${threads} ${threads === 1 ? "thread" : "threads"} · medians of ${repetitions} · llama.cpp ${machine.llamaCpp.version} · ${machine.date.slice(0, 10)}`;
  const lines = [
    `<rect x="0.5" y="0.5" width="${WIDTH - 1}" height="${place(height - 1)}" rx="8" class="background"/>`,
    text(MARGIN, 36, "node-codellama beside its peers", { of: "title" }),
    text(MARGIN, 57, explained, { of: "quiet" }),
    ...grid.map((tick) =>
      text(scale(tick), HEAD + AXIS - 6, `${tick}×`, { of: "quiet", anchor: "middle" }),
    ),
    ...grid.map((tick) => line(scale(tick), top, bottom, tick === 1 ? "one" : "grid")),
    ...drawn,
    text(MARGIN, height - 13, where, { of: "quiet" }),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${place(height)}" width="${WIDTH}" height="${place(height)}" role="img" aria-labelledby="title">
  <title id="title">node-codellama beside its peers</title>
  <style>${STYLE}
  </style>
${lines.map((each) => `  ${each}`).join("\n")}
</svg>
`;
}
