// Draws a token from the likeliest of a vocabulary, without sorting it.
#pragma once

#include <cstdint>

#include "engine/base/options.h"

namespace codellama {

struct Nucleus {
  float temperature = 1.0F;  // above 0
  int32_t top_k = 0;         // so many of the likeliest; 0 is all
  float top_p = 1.0F;        // of those, the fewest that make up this share; at least one
  float min_p = 0.0F;        // of those, the ones at least this share as likely as the likeliest
};

// One of the tokens that are left, each with its share of what they make up together. The filters
// look at the tempered distribution, one after the other as above; of tokens that are equally
// likely those with lower ids count as likelier. `best` is the highest of the logits, which are no
// NaN or infinity, though minus infinity forbids a token. `random` is from 0 up to, without, 1.
Token Draw(const float* logits, int32_t size, float best, const Nucleus& nucleus, double random);

}  // namespace codellama
