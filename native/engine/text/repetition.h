// Detects a block of tokens that repeats without end.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "engine/base/options.h"

namespace codellama {

class Repetition {
 public:
  // Longest block that is detected, in tokens.
  static constexpr uint32_t kLongestBlock = 64;

  // `max_repeats`: times that a block may stand in a row; 0 = any number.
  explicit Repetition(uint32_t max_repeats) : max_repeats_(max_repeats) {}

  // Takes the next token. Returns true when a block stands in a row more than `max_repeats` times.
  bool Append(Token token);

 private:
  const uint32_t max_repeats_;
  // Ring buffer of the last kLongestBlock tokens.
  std::array<Token, kLongestBlock> recent_ = {};
  uint64_t count_ = 0;
  // For each block length, the number of tokens in a row that equal the token one block earlier.
  std::array<uint64_t, kLongestBlock + 1> equal_ = {};
};

}  // namespace codellama
