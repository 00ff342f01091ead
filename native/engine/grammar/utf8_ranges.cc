#include "engine/grammar/utf8_ranges.h"

#include <algorithm>

namespace codellama {

namespace {

// The last code points with one, two, three and four bytes.
constexpr uint32_t kLastOfLength[] = {0x7F, 0x7FF, 0xFFFF, kLastCodePoint};

constexpr CodePointRange kSurrogates = {0xD800, 0xDFFF};

// `first` and `last` must have the same number of UTF-8 bytes. Splits the range until one sequence
// of byte ranges can express each part: at the boundaries of the last one, two or three bytes.
void AppendSequences(CodePointRange range, std::vector<ByteRanges>* sequences) {
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
  AppendUtf8(first, &from);
  AppendUtf8(last, &to);
  ByteRanges ranges;
  for (size_t i = 0; i < from.size(); i++) {
    ranges.emplace_back(static_cast<uint8_t>(from[i]), static_cast<uint8_t>(to[i]));
  }
  sequences->push_back(std::move(ranges));
}

}  // namespace

void AppendUtf8(uint32_t code_point, std::string* text) {
  const auto add = [text](uint32_t byte) { text->push_back(static_cast<char>(byte)); };
  const auto tail = [&](int shift) { add(0x80 | ((code_point >> shift) & 0x3F)); };
  if (code_point <= kLastOfLength[0]) {
    add(code_point);
  } else if (code_point <= kLastOfLength[1]) {
    add(0xC0 | (code_point >> 6));
    tail(0);
  } else if (code_point <= kLastOfLength[2]) {
    add(0xE0 | (code_point >> 12));
    tail(6);
    tail(0);
  } else {
    add(0xF0 | (code_point >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

std::vector<ByteRanges> Utf8Sequences(CodePointRange range) {
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

std::vector<CodePointRange> NormalizeRanges(std::vector<CodePointRange> ranges, bool negated) {
  std::sort(ranges.begin(), ranges.end());
  std::vector<CodePointRange> merged;
  for (const CodePointRange& range : ranges) {
    if (!merged.empty() && range.first <= merged.back().second + 1) {
      merged.back().second = std::max(merged.back().second, range.second);
    } else {
      merged.push_back(range);
    }
  }
  if (!negated) return merged;
  std::vector<CodePointRange> others;
  uint32_t next = 0;
  for (const auto& [first, last] : merged) {
    if (first > next) others.emplace_back(next, first - 1);
    next = last + 1;
  }
  if (next <= kLastCodePoint) others.emplace_back(next, kLastCodePoint);
  return others;
}

}  // namespace codellama
