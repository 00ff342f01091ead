// Finds the line of a growing text that is indented less than the text's first line.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace codellama {

class DedentMatcher {
 public:
  // `line`: the prompt's last line so far, without a line break. The text continues it.
  explicit DedentMatcher(std::string_view line);

  // Takes the text's next byte, which stands at `at`. Returns the first byte to cut if it begins a
  // line that is indented less: the end of the last line before it that is not blank.
  std::optional<uint64_t> Take(char byte, uint64_t at);

  // First byte of the blank end of the text that may be cut; UINT64_MAX = there is none.
  uint64_t possible_start() const;

 private:
  // A tab leads to the next multiple of eight columns.
  uint32_t column_ = 0;
  bool is_blank_ = true;                // the current line has only white space so far
  std::optional<uint32_t> first_line_;  // indentation of the first line that is not blank
  std::optional<uint64_t> line_end_;    // end of the last line that is not blank
};

}  // namespace codellama
