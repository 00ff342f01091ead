#include "engine/text/dedent_matcher.h"

namespace codellama {

namespace {

constexpr uint32_t kTabWidth = 8;

}  // namespace

DedentMatcher::DedentMatcher(std::string_view line) {
  for (const char byte : line) Take(byte, 0);
}

std::optional<uint64_t> DedentMatcher::Take(char byte, uint64_t at) {
  if (byte == '\n' || byte == '\r') {
    if (!is_blank_) line_end_ = at;
    is_blank_ = true;
    column_ = 0;
    return std::nullopt;
  }
  if (!is_blank_) return std::nullopt;
  if (byte == ' ') {
    column_++;
  } else if (byte == '\t') {
    column_ = (column_ / kTabWidth + 1) * kTabWidth;
  } else {
    is_blank_ = false;
    if (!first_line_) first_line_ = column_;
    if (column_ < *first_line_) return line_end_;
  }
  return std::nullopt;
}

uint64_t DedentMatcher::possible_start() const {
  return is_blank_ && line_end_ && first_line_.value_or(0) > 0 ? *line_end_ : UINT64_MAX;
}

}  // namespace codellama
