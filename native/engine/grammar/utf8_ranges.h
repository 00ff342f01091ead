// Converts ranges of characters to byte sequences, so that a grammar can match byte by byte.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace codellama {

inline constexpr uint32_t kLastCodePoint = 0x10FFFF;

// First and last code point, both included.
using CodePointRange = std::pair<uint32_t, uint32_t>;

// First and last byte, both included, for each place of a sequence.
using ByteRanges = std::vector<std::pair<uint8_t, uint8_t>>;

void AppendUtf8(uint32_t code_point, std::string* text);

// Sequences that together match the UTF-8 of exactly the characters of the range, without
// surrogates.
std::vector<ByteRanges> Utf8Sequences(CodePointRange range);

// Sorts and merges the ranges. `negated`: returns the ranges of all other characters.
std::vector<CodePointRange> NormalizeRanges(std::vector<CodePointRange> ranges, bool negated);

}  // namespace codellama
