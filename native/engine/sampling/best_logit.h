// Finds the highest logit of a vocabulary at memory speed.
#pragma once

#include <cstdint>

#include "engine/base/options.h"

namespace codellama {

struct BestLogit {
  Token token;
  float logit;
};

// The highest logit; the lowest token id among equals, like torch.argmax. Minus infinity is allowed
// and marks a forbidden token. Throws kBackendFailed for NaN and infinity, which mean that the
// computation went wrong.
BestLogit FindBestLogit(const float* logits, int32_t size);

}  // namespace codellama
