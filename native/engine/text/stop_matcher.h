// Finds a stop string in a growing text with the Knuth-Morris-Pratt algorithm: amortised constant
// time per byte, even for stop strings that repeat themselves.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace codellama {

class StopMatcher {
 public:
  // `stop` is not empty.
  explicit StopMatcher(std::string stop);

  // Takes the text's next byte. Returns true if the stop string ends with it.
  bool Take(char byte);

  const std::string& stop() const { return stop_; }

  // Length of the longest end of the text that is a beginning of the stop string.
  size_t matched() const { return matched_; }

 private:
  // For each length of a beginning, the length of the longest shorter beginning that it ends with.
  std::vector<uint32_t> borders_;
  std::string stop_;
  size_t matched_ = 0;
};

}  // namespace codellama
