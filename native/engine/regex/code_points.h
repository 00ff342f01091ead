// Reads and writes Unicode code points in UTF-8 texts (RFC 3629), and holds sorted sets of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace codellama {

// The largest Unicode scalar value. A text holds scalar values only, so it has no surrogates.
inline constexpr uint32_t kLastScalar = 0x10FFFF;
// Result of TakeCodePoint() for a byte that does not start a UTF-8 character.
inline constexpr uint32_t kNoCodePoint = UINT32_MAX;

// Removes the first character of a non-empty text and returns it. If the text does not start with a
// UTF-8 character, removes one byte and returns kNoCodePoint.
uint32_t TakeCodePoint(std::string_view* text);

// Appends the code point in UTF-8.
void AppendCodePoint(uint32_t code_point, std::string* text);

// A range of code points, both ends included.
using PointRange = std::pair<uint32_t, uint32_t>;
// A set of code points, as ranges that are sorted, disjoint and not adjacent.
using PointSet = std::vector<PointRange>;

// The set of all code points in `ranges`, which may be unsorted and may overlap.
PointSet Normalized(PointSet ranges);
// The set of all code points that are not in `set`.
PointSet Complement(const PointSet& set);

}  // namespace codellama
