// How likely the model finds tokens: the logarithm of the softmax over the whole vocabulary, before
// any bias, penalty, temperature, filter or grammar.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/event.h"
#include "engine/base/options.h"

namespace codellama {

class Tokenizer;

// The token's log-probability, and those of the `top` likeliest tokens, the likeliest first.
// `logits` has the vocabulary's size.
TokenLogprobs MeasureLogprobs(const float* logits, const Tokenizer& tokenizer, Token token,
                              uint32_t top);

}  // namespace codellama
