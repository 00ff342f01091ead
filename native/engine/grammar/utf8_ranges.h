// Characters as byte sequences, so that a grammar over characters can be matched byte by byte.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace codellama {

inline constexpr uint32_t kLastCodePoint = 0x10FFFF;

// Code points, both ends included.
using CodePointRange = std::pair<uint32_t, uint32_t>;

// Bytes, both ends included, of each place of a sequence.
using ByteRanges = std::vector<std::pair<uint8_t, uint8_t>>;

void AppendUtf8(uint32_t code_point, std::string* text);

// Sequences that together match the UTF-8 of just the range's characters, surrogates left out.
std::vector<ByteRanges> Utf8Sequences(CodePointRange range);

// Sorted and merged; with `negated`, all other characters.
std::vector<CodePointRange> NormalizeRanges(std::vector<CodePointRange> ranges, bool negated);

}  // namespace codellama
