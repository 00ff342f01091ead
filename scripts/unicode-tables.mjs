// Writes native/engine/regex/unicode_*.cc: the Unicode properties of this Node.js, for \p{…} in regular
// expressions. Run it with `node scripts/unicode-tables.mjs` to move to a newer Unicode.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./project.mjs";

/** Long and short names of the general categories that no other category contains. */
const categories = `
Uppercase_Letter Lu|Lowercase_Letter Ll|Titlecase_Letter Lt|Modifier_Letter Lm|Other_Letter Lo|Nonspacing_Mark Mn|
Spacing_Mark Mc|Enclosing_Mark Me|Decimal_Number Nd|Letter_Number Nl|Other_Number No|Connector_Punctuation Pc|
Dash_Punctuation Pd|Open_Punctuation Ps|Close_Punctuation Pe|Initial_Punctuation Pi|Final_Punctuation Pf|
Other_Punctuation Po|Math_Symbol Sm|Currency_Symbol Sc|Modifier_Symbol Sk|Other_Symbol So|Space_Separator Zs|
Line_Separator Zl|Paragraph_Separator Zp|Control Cc|Format Cf|Surrogate Cs|Private_Use Co|Unassigned Cn`;

const scripts = `
Adlam Adlm|Ahom Ahom|Arabic Arab|Armenian Armn|Balinese Bali|Bengali Beng|Bopomofo Bopo|Braille Brai|Cherokee Cher|
Common Zyyy|Coptic Copt|Cuneiform Xsux|Cyrillic Cyrl|Devanagari Deva|Egyptian_Hieroglyphs Egyp|Ethiopic Ethi|
Georgian Geor|Glagolitic Glag|Gothic Goth|Greek Grek|Gujarati Gujr|Gurmukhi Guru|Han Hani|Hangul Hang|Hebrew Hebr|
Hiragana Hira|Inherited Zinh|Javanese Java|Kannada Knda|Katakana Kana|Khmer Khmr|Lao Laoo|Latin Latn|Malayalam Mlym|
Mongolian Mong|Myanmar Mymr|Nko Nkoo|Ogham Ogam|Oriya Orya|Osage Osge|Runic Runr|Sinhala Sinh|Syriac Syrc|
Tagalog Tglg|Tamil Taml|Telugu Telu|Thaana Thaa|Thai Thai|Tibetan Tibt|Tifinagh Tfng|Vai Vaii|Yi Yiii`;

const flags = `
ASCII_Hex_Digit AHex|Alphabetic Alpha|Dash Dash|Default_Ignorable_Code_Point DI|Emoji Emoji|
Emoji_Presentation EPres|Extended_Pictographic ExtPict|Hex_Digit Hex|ID_Continue IDC|ID_Start IDS|
Ideographic Ideo|Lowercase Lower|Math Math|Uppercase Upper|White_Space space|XID_Continue XIDC|XID_Start XIDS`;

/** All code points except surrogates, in order. */
const everything = [...codePoints(0, 0xd7ff), ...codePoints(0xe000, 0x10ffff)].join("");

function* codePoints(first, last) {
  for (let point = first; point <= last; point += 4096) {
    const end = Math.min(point + 4096, last + 1);
    yield String.fromCodePoint(...Array.from({ length: end - point }, (_, at) => point + at));
  }
}

/** The ranges [first, last] of a property. `name` is what stands inside \p{…}. */
function ranges(name) {
  const runs = everything.matchAll(new RegExp(`\\p{${name}}+`, "gu"));
  return Array.from(runs, ([run]) => {
    const points = Array.from(run, (character) => Number(character.codePointAt(0)));
    return [points.at(0), points.at(-1)];
  });
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Five bits for each character; the upper half of the alphabet continues the number. */
function encoded(number) {
  let text = alphabet[number & 31];
  for (let rest = number >> 5; rest > 0; rest >>= 5) text = alphabet[32 + (rest & 31)] + text;
  return text;
}

/** Distances between the ends of ranges. */
function encodedRanges(list) {
  let end = 0;
  let text = "";
  for (const [first, last] of list) {
    text += encoded(first - end) + encoded(last - first);
    end = last + 1;
  }
  return text;
}

function entries(names, prefix) {
  return names
    .trim()
    .split(/\s*\|\s*/)
    .map((pair) => {
      const [long, short] = pair.split(" ");
      const text = encodedRanges(ranges(prefix + long));
      if (text !== encodedRanges(ranges(prefix + short))) throw new Error(`${pair} differ`);
      const lines = text.match(/.{1,90}/g) ?? [""];
      return `    {"${long}", "${short}",\n${lines.map((line) => `     "${line}"`).join("\n")}},`;
    });
}

function write(file, name, list) {
  writeFileSync(
    join(root, "native/engine/regex", file),
    `// Written by scripts/unicode-tables.mjs: Unicode ${process.versions.unicode}.
#include <iterator>

#include "engine/regex/unicode_tables.h"

namespace codellama {

// clang-format off
const UnicodeProperty ${name}[] = {
${list.join("\n")}
};
// clang-format on
const size_t ${name}Size = std::size(${name});

}  // namespace codellama
`,
  );
}

write("unicode_categories.cc", "kUnicodeCategories", entries(categories, "General_Category="));
write("unicode_scripts.cc", "kUnicodeScripts", entries(scripts, "Script="));
write("unicode_flags.cc", "kUnicodeFlags", entries(flags, ""));
