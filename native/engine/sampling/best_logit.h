// The highest of a vocabulary's logits, found at the speed of memory.
#pragma once

#include <cstdint>

#include "engine/base/options.h"

namespace codellama {

struct BestLogit {
  Token token;
  float logit;
};

// The first of the highest logits, as torch.argmax has it. Minus infinity is a fair value for a
// forbidden token; throws kBackendFailed when a logit is NaN or infinity, which means that the
// computation has gone wrong.
BestLogit FindBestLogit(const float* logits, int32_t size);

}  // namespace codellama
