// Draws a token from the likeliest tokens of a vocabulary, without sorting the vocabulary.
#pragma once

#include <cstdint>

#include "engine/base/options.h"

namespace codellama {

struct Nucleus {
  float temperature = 1.0F;  // above 0
  int32_t top_k = 0;         // keeps this many of the likeliest tokens; 0 = all
  float top_p = 1.0F;        // then keeps the fewest tokens with this share of the probability
  float min_p = 0.0F;        // then keeps tokens with at least this part of the highest probability
};

// Draws one of the tokens that the filters keep, in proportion to their probabilities. The filters
// see the tempered distribution, in the order of the fields. Among equally likely tokens lower ids
// count as likelier. `best` is the highest logit. No logit is NaN or infinity; minus infinity
// forbids a token. `random`: 0 <= random < 1.
Token Draw(const float* logits, int32_t size, float best, const Nucleus& nucleus, double random);

}  // namespace codellama
