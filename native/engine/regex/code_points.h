// Code points of UTF-8 texts, and sorted sets of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace codellama {

// Texts are Unicode scalar values: no surrogates.
inline constexpr uint32_t kLastScalar = 0x10FFFF;
inline constexpr uint32_t kNoCodePoint = UINT32_MAX;

// Takes one character off the front of a text that is not empty. Returns kNoCodePoint, and takes
// one byte, where the text is not UTF-8.
uint32_t TakeCodePoint(std::string_view* text);

void AppendCodePoint(uint32_t code_point, std::string* text);

// Code points, both ends included.
using PointRange = std::pair<uint32_t, uint32_t>;
// Sorted, disjoint and not adjacent.
using PointSet = std::vector<PointRange>;

PointSet Normalized(PointSet ranges);
// All code points outside the set.
PointSet Complement(const PointSet& set);

}  // namespace codellama
