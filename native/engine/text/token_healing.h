// Token healing: lets a generation begin inside a word. A prompt that ends inside a word ends with
// a token that rarely stands there in training data. Token healing removes that last token; the
// first new tokens must spell its text again and may go beyond it.
#pragma once

#include <string>
#include <vector>

#include "engine/text/tokenizer.h"

namespace codellama {

class TokenHealing {
 public:
  // Removes the prompt's last token, unless it is a control token or the only token.
  TokenHealing(const Tokenizer& tokenizer, std::vector<Token>* prompt);

  bool done() const { return rest_.empty(); }

  // The logits, with minus infinity for every token that does not spell the removed text. Valid
  // until the next call.
  const float* Allow(const float* logits);

  // Takes the piece of the sampled token. Returns the part after the removed text.
  std::string Accept(const std::string& piece);

 private:
  const Tokenizer& tokenizer_;
  std::string rest_;  // part of the removed text that new tokens have not spelled yet
  std::vector<float> allowed_;
};

}  // namespace codellama
