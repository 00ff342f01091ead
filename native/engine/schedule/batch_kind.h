// What all sequences of a batch have in common.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/error.h"

namespace codellama {

struct BatchKind {
  std::vector<float> lora_scales;  // of the model's adapters
  bool embeddings = false;

  bool operator==(const BatchKind&) const = default;
};

// Numbers kinds, so that the scheduler need not know what they are.
class BatchKinds {
 public:
  // Throws kInvalidArgument when there are too many.
  uint32_t Number(const BatchKind& kind) {
    for (uint32_t i = 0; i < kinds_.size(); i++) {
      if (kinds_[i] == kind) return i;
    }
    if (kinds_.size() == kMaxKinds) {
      throw Error(ErrorCode::kInvalidArgument,
                  "loras: more than " + std::to_string(kMaxKinds) + " different sets of scales");
    }
    kinds_.push_back(kind);
    return static_cast<uint32_t>(kinds_.size()) - 1;
  }

  const BatchKind& operator[](uint32_t number) const { return kinds_[number]; }

 private:
  static constexpr size_t kMaxKinds = 4096;  // they are never forgotten

  std::vector<BatchKind> kinds_;
};

}  // namespace codellama
