// The embedding of a text, put together from the hidden states behind its tokens as they come.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/options.h"

namespace codellama {

class EmbeddingPool {
 public:
  EmbeddingPool(Pooling pooling, uint32_t size) : pooling_(pooling), sums_(size, 0.0) {}

  // The state behind the token at `index`; tokens that were taken already, because the sequence
  // was put back, are left out.
  void Add(uint32_t index, const float* state) {
    if (index < count_) return;
    count_ = index + 1;
    for (size_t i = 0; i < sums_.size(); i++) {
      sums_[i] = pooling_ == Pooling::kMean ? sums_[i] + state[i] : state[i];
    }
  }

  std::vector<float> Result() const {
    std::vector<float> result;
    const double divisor = pooling_ == Pooling::kMean ? count_ : 1;
    for (const double sum : sums_) result.push_back(static_cast<float>(sum / divisor));
    return result;
  }

 private:
  const Pooling pooling_;
  uint32_t count_ = 0;
  std::vector<double> sums_;
};

}  // namespace codellama
