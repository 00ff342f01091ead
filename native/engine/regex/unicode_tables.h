// Properties of Unicode code points (Unicode Standard Annex #44), by the names of ECMA-262.
// scripts/unicode-tables.mjs writes the tables. CodePointsOf() reads them.
#pragma once

#include <cstddef>

namespace codellama {

struct UnicodeProperty {
  const char* name;        // for example "Uppercase_Letter"
  const char* short_name;  // for example "Lu"
  // The ranges of its code points. Two numbers stand for each range: the gap before it, and its
  // length minus one. A number is written in base 32 with the alphabet of base64; its last digit
  // is from the first half of the alphabet, all others are from the second half.
  const char* ranges;
};

extern const UnicodeProperty kUnicodeCategories[];
extern const size_t kUnicodeCategoriesSize;
extern const UnicodeProperty kUnicodeScripts[];
extern const size_t kUnicodeScriptsSize;
extern const UnicodeProperty kUnicodeFlags[];
extern const size_t kUnicodeFlagsSize;

}  // namespace codellama
