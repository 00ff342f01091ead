#include "engine/text/stop_matcher.h"

#include <utility>

namespace codellama {

StopMatcher::StopMatcher(std::string stop) : borders_(stop.size() + 1), stop_(std::move(stop)) {
  uint32_t border = 0;
  for (size_t length = 1; length < stop_.size(); length++) {
    while (border > 0 && stop_[border] != stop_[length]) border = borders_[border];
    if (stop_[border] == stop_[length]) border++;
    borders_[length + 1] = border;
  }
}

bool StopMatcher::Take(char byte) {
  if (matched_ == stop_.size()) matched_ = borders_[matched_];
  while (matched_ > 0 && stop_[matched_] != byte) matched_ = borders_[matched_];
  if (stop_[matched_] == byte) matched_++;
  return matched_ == stop_.size();
}

}  // namespace codellama
