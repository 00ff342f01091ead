// Pools the hidden states of a prompt into an embedding.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/options.h"

namespace codellama {

class EmbeddingPool {
 public:
  EmbeddingPool(Pooling pooling, uint32_t size) : pooling_(pooling), sums_(size, 0.0) {}

  // Adds the hidden state of the token at `index`. Ignores tokens that were added before: a
  // preempted sequence computes its prompt again.
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
