// Log-probabilities of tokens: the logarithm of the softmax over the whole vocabulary, before bias,
// penalties, temperature, filters and grammar.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/event.h"
#include "engine/base/options.h"

namespace codellama {

class Tokenizer;

// Log-probabilities of `token` and of the `top` likeliest tokens, the likeliest first. `logits` has
// the vocabulary's size. Throws kBackendFailed when a logit is not a number.
TokenLogprobs MeasureLogprobs(const float* logits, const Tokenizer& tokenizer, Token token,
                              uint32_t top);

}  // namespace codellama
