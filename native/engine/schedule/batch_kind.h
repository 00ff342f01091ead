// Settings that all sequences of a batch share.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/error.h"

namespace codellama {

struct BatchKind {
  std::vector<float> lora_scales;  // one per LoRA adapter of the model
  bool embeddings = false;

  bool operator==(const BatchKind&) const = default;
};

// Numbers the kinds, so that the scheduler only compares numbers.
class BatchKinds {
 public:
  // The number of a kind, which may be new. Throws kInvalidArgument when there are too many kinds.
  uint32_t Number(const BatchKind& kind) {
    for (uint32_t i = 0; i < kinds_.size(); i++) {
      if (kinds_[i] == kind) return i;
    }
    if (kinds_.size() == kMaxKinds) {
      throw Error(ErrorCode::kInvalidArgument, "loras: at most " + std::to_string(kMaxKinds) +
                                                   " different sets of scales per engine");
    }
    kinds_.push_back(kind);
    return static_cast<uint32_t>(kinds_.size()) - 1;
  }

  const BatchKind& operator[](uint32_t number) const { return kinds_[number]; }

 private:
  static constexpr size_t kMaxKinds = 4096;  // a limit, because kinds are never removed

  std::vector<BatchKind> kinds_;
};

}  // namespace codellama
