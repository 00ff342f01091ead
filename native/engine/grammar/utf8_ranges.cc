#include "engine/grammar/utf8_ranges.h"

#include <algorithm>
#include <string>

namespace codellama {

namespace {

// The last code points with one, two, three and four bytes.
constexpr uint32_t kLastOfLength[] = {0x7F, 0x7FF, 0xFFFF, kLastScalar};

constexpr PointRange kSurrogates = {0xD800, 0xDFFF};

// `first` and `last` must have the same number of UTF-8 bytes. Splits the range until one sequence
// of byte ranges can express each part: at the boundaries of the last one, two or three bytes.
void AppendSequences(PointRange range, std::vector<ByteRanges>* sequences) {
  const auto [first, last] = range;
  for (int bytes = 1; bytes < 4; bytes++) {
    const uint32_t low_bits = (1U << (6 * bytes)) - 1;
    if ((first & ~low_bits) == (last & ~low_bits)) break;
    if ((first & low_bits) != 0) {
      AppendSequences({first, first | low_bits}, sequences);
      AppendSequences({(first | low_bits) + 1, last}, sequences);
      return;
    }
    if ((last & low_bits) != low_bits) {
      AppendSequences({first, (last & ~low_bits) - 1}, sequences);
      AppendSequences({last & ~low_bits, last}, sequences);
      return;
    }
  }
  std::string from;
  std::string to;
  AppendCodePoint(first, &from);
  AppendCodePoint(last, &to);
  ByteRanges ranges;
  for (size_t i = 0; i < from.size(); i++) {
    ranges.emplace_back(static_cast<uint8_t>(from[i]), static_cast<uint8_t>(to[i]));
  }
  sequences->push_back(std::move(ranges));
}

}  // namespace

std::vector<ByteRanges> Utf8Sequences(PointRange range) {
  std::vector<ByteRanges> sequences;
  uint32_t shortest = 0;
  for (const uint32_t longest : kLastOfLength) {
    const uint32_t first = std::max(range.first, shortest);
    const uint32_t last = std::min(range.second, longest);
    shortest = longest + 1;
    if (first > last) continue;
    const auto add = [&](uint32_t from, uint32_t to) {
      if (from > to) return;
      if (to <= kLastOfLength[0]) {
        sequences.push_back({{static_cast<uint8_t>(from), static_cast<uint8_t>(to)}});
      } else {
        AppendSequences({from, to}, &sequences);
      }
    };
    if (last < kSurrogates.first || first > kSurrogates.second) {
      add(first, last);
    } else {
      if (first < kSurrogates.first) add(first, kSurrogates.first - 1);
      if (last > kSurrogates.second) add(kSurrogates.second + 1, last);
    }
  }
  return sequences;
}

}  // namespace codellama
