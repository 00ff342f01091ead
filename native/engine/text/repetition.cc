#include "engine/text/repetition.h"

#include <algorithm>

namespace codellama {

bool Repetition::Append(Token token) {
  if (max_repeats_ == 0) return false;
  bool repeats = false;
  const uint64_t longest = std::min<uint64_t>(count_, kLongestBlock);
  for (uint64_t length = 1; length <= longest; length++) {
    if (recent_[(count_ - length) % kLongestBlock] != token) {
      equal_[length] = 0;
    } else if (++equal_[length] >= length * max_repeats_) {
      repeats = true;
    }
  }
  recent_[count_++ % kLongestBlock] = token;
  return repeats;
}

}  // namespace codellama
