#include "engine/text/token_healing.h"

#include <algorithm>
#include <limits>

namespace codellama {

TokenHealing::TokenHealing(const Tokenizer& tokenizer, std::vector<Token>* prompt)
    : tokenizer_(tokenizer) {
  if (prompt->size() < 2) return;
  rest_ = tokenizer.Piece(prompt->back());
  if (!rest_.empty()) prompt->pop_back();
}

const float* TokenHealing::Allow(const float* logits) {
  allowed_.assign(static_cast<size_t>(tokenizer_.size()), -std::numeric_limits<float>::infinity());
  for (const Token token : tokenizer_.TokensThatSpell(rest_)) {
    const auto index = static_cast<size_t>(token);
    allowed_[index] = logits[index];
  }
  return allowed_.data();
}

std::string TokenHealing::Accept(const std::string& piece) {
  const size_t spelled = std::min(piece.size(), rest_.size());
  rest_.erase(0, spelled);
  return piece.substr(spelled);
}

}  // namespace codellama
