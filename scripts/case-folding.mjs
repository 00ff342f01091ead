// Writes native/engine/regex/case_folding_table.inc: the characters that RegExp with the flags i and
// u takes for equal. Run it with a Node.js of a newer Unicode version.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, runWhenMain } from "./project.mjs";

const lastCodePoint = 0x10ffff;

/** Code points that differ only in case, each with the smallest code point of its group. */
function foldedPairs() {
  const groups = new Map();
  const rootOf = (point) => {
    let at = point;
    while (groups.get(at) !== undefined && groups.get(at) !== at) at = groups.get(at);
    return at;
  };
  for (let point = 0; point <= lastCodePoint; point++) {
    if (point >= 0xd800 && point <= 0xdfff) continue;
    for (const other of casesOf(String.fromCodePoint(point))) {
      if (other === point || !areEqual(point, other)) continue;
      const [low, high] = [rootOf(point), rootOf(other)].sort((a, b) => a - b);
      groups.set(low, low);
      groups.set(high, low);
    }
  }
  const points = [...groups.keys()].sort((a, b) => a - b);
  return points.map((point) => [point, rootOf(point)]).filter(([point, to]) => point !== to);
}

/** @param {string} character */
function casesOf(character) {
  const upper = character.toUpperCase();
  const lower = character.toLowerCase();
  return [upper, lower, upper.toLowerCase(), lower.toUpperCase()]
    .filter((text) => [...text].length === 1)
    .map((text) => text.codePointAt(0));
}

function areEqual(point, other) {
  return new RegExp(`^\\u{${point.toString(16)}}$`, "iu").test(String.fromCodePoint(other));
}

/** Joins pairs with one distance, at every or at every second code point. */
function rangesOf(pairs) {
  const ranges = [];
  for (const [point, to] of pairs) {
    const range = ranges.at(-1);
    const step = point - (range?.last ?? 0);
    const isFirst = range?.first === range?.last;
    if (range?.delta === to - point && (isFirst ? step <= 2 : step === range.stride)) {
      range.stride = step;
      range.last = point;
    } else {
      ranges.push({ first: point, last: point, stride: 1, delta: to - point });
    }
  }
  return ranges;
}

await runWhenMain(import.meta, () => {
  const hex = (point) => `0x${point.toString(16).toUpperCase()}`;
  const lines = rangesOf(foldedPairs()).map(
    ({ first, last, stride, delta }) => `{${hex(first)}, ${hex(last)}, ${stride}, ${delta}},`,
  );
  const head = `// Unicode ${process.versions.unicode}; written by scripts/case-folding.mjs.`;
  const file = join(root, "native", "engine", "regex", "case_folding_table.inc");
  writeFileSync(file, `${[head, ...lines].join("\n")}\n`);
});
