#include "engine/regex/code_points.h"

#include <algorithm>

namespace codellama {

uint32_t TakeCodePoint(std::string_view* text) {
  const auto byte = [&](size_t at) { return static_cast<uint8_t>((*text)[at]); };
  const uint8_t first = byte(0);
  const size_t length = first < 0x80   ? 1
                        : first < 0xC2 ? 0
                        : first < 0xE0 ? 2
                        : first < 0xF0 ? 3
                        : first < 0xF5 ? 4
                                       : 0;
  uint32_t point = length <= 1 ? first : first & (0xFFU >> (length + 1));
  bool valid = length > 0 && length <= text->size();
  for (size_t i = 1; valid && i < length; i++) {
    valid = (byte(i) & 0xC0) == 0x80;
    point = point << 6 | (byte(i) & 0x3FU);
  }
  const bool overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
  const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
  if (!valid || overlong || surrogate || point > kLastScalar) {
    text->remove_prefix(1);
    return kNoCodePoint;
  }
  text->remove_prefix(length);
  return point;
}

void AppendCodePoint(uint32_t code_point, std::string* text) {
  const auto add = [text](uint32_t byte) { text->push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) {
    add(code_point);
    return;
  }
  if (code_point < 0x800) {
    add(0xC0 | code_point >> 6);
  } else {
    if (code_point < 0x10000) {
      add(0xE0 | code_point >> 12);
    } else {
      add(0xF0 | code_point >> 18);
      add(0x80 | (code_point >> 12 & 0x3F));
    }
    add(0x80 | (code_point >> 6 & 0x3F));
  }
  add(0x80 | (code_point & 0x3F));
}

PointSet Normalized(PointSet ranges) {
  std::sort(ranges.begin(), ranges.end());
  PointSet result;
  for (const PointRange& range : ranges) {
    if (!result.empty() && range.first <= result.back().second + 1) {
      result.back().second = std::max(result.back().second, range.second);
    } else {
      result.push_back(range);
    }
  }
  return result;
}

PointSet Complement(const PointSet& set) {
  PointSet result;
  uint32_t next = 0;
  for (const auto& [first, last] : set) {
    if (first > next) result.emplace_back(next, first - 1);
    next = last + 1;
  }
  if (next <= kLastScalar) result.emplace_back(next, kLastScalar);
  return result;
}

}  // namespace codellama
