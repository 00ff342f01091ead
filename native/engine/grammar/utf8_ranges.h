// Converts ranges of characters to byte sequences, so that a grammar can match byte by byte.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "engine/regex/code_points.h"

namespace codellama {

// First and last byte, both included, for each place of a sequence.
using ByteRanges = std::vector<std::pair<uint8_t, uint8_t>>;

// Sequences that together match the UTF-8 of exactly the characters of the range, without
// surrogates.
std::vector<ByteRanges> Utf8Sequences(PointRange range);

}  // namespace codellama
