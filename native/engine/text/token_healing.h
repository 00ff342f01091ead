// Lets a generation begin inside a token. A prompt that ends in the middle of a word ends with
// tokens that the model never saw before what it is to write; so the last token is taken off, and
// the first new ones must spell its text again, and may go on from there.
#pragma once

#include <string>
#include <vector>

#include "engine/text/tokenizer.h"

namespace codellama {

class TokenHealing {
 public:
  // Takes the prompt's last token off, unless it is a control token or the only one.
  TokenHealing(const Tokenizer& tokenizer, std::vector<Token>* prompt);

  bool done() const { return rest_.empty(); }

  // The logits, minus infinity for every token that does not agree with the text taken off.
  const float* Allow(const float* logits);

  // Takes the piece of the token that was sampled; returns what of it is new.
  std::string Accept(const std::string& piece);

 private:
  const Tokenizer& tokenizer_;
  std::string rest_;  // of the text taken off, what is still to be spelt
  std::vector<float> allowed_;
};

}  // namespace codellama
