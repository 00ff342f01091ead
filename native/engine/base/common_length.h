// Length of the common beginning of two ranges.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>

namespace codellama {

template <typename Left, typename Right>
size_t CommonLength(const Left& left, const Right& right) {
  const auto ends =
      std::mismatch(std::begin(left), std::end(left), std::begin(right), std::end(right));
  return static_cast<size_t>(ends.first - std::begin(left));
}

}  // namespace codellama
