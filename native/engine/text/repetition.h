// Notices text that goes round in circles: the same block of tokens again and again.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "engine/base/options.h"

namespace codellama {

class Repetition {
 public:
  // Blocks of up to so many tokens are noticed.
  static constexpr uint32_t kLongestBlock = 64;

  // `max_repeats`: times that a block may stand in a row; 0 is any number.
  explicit Repetition(uint32_t max_repeats) : max_repeats_(max_repeats) {}

  // Takes the next token; true when some block stands in a row more than `max_repeats` times.
  bool Append(Token token);

 private:
  const uint32_t max_repeats_;
  // The last kLongestBlock tokens, as a ring.
  std::array<Token, kLongestBlock> recent_ = {};
  uint64_t count_ = 0;
  // For each block length, how many tokens in a row equal the one so far back.
  std::array<uint64_t, kLongestBlock + 1> equal_ = {};
};

}  // namespace codellama
