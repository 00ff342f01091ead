// Follows how much of a stop string's beginning a text ends with, by Knuth, Morris and Pratt:
// amortised constant time a byte, whatever the stop string repeats. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace codellama {

class StopMatcher {
 public:
  // `stop` is not empty.
  explicit StopMatcher(std::string stop);

  // Takes the text's next byte; true where the stop string ends with it.
  bool Take(char byte);

  const std::string& stop() const { return stop_; }

  // Bytes at the text's end that begin the stop string.
  size_t matched() const { return matched_; }

 private:
  // For each length of a beginning, the longest shorter beginning that it ends with.
  std::vector<uint32_t> borders_;
  std::string stop_;
  size_t matched_ = 0;
};

}  // namespace codellama
