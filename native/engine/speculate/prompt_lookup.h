// Prompt lookup: guesses that a text continues as it did after the last occurrence of its final
// tokens. It needs no model. The model verifies the guesses, many tokens in one step.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "engine/base/options.h"

namespace codellama {

class PromptLookup {
 public:
  // Takes the tokens of a sequence, which has only grown since the last call, and looks for the
  // source of the next guess. The cost is constant per new token.
  void Follow(const std::vector<Token>& tokens);

  // At most `count` tokens that may follow; empty without a guess.
  std::vector<Token> Propose(const std::vector<Token>& tokens, uint32_t count) const;

  bool HasGuess() const { return source_ > 0; }

  // Probability that the next guess is right: a running mean over the last guesses.
  double acceptance() const { return acceptance_; }

 private:
  // Looks for the last occurrence of the final tokens.
  void FindSource(const std::vector<Token>& tokens);
  // Records that the token at `end` follows the tokens before it.
  void Index(const std::vector<Token>& tokens, uint32_t end);

  // Position after the last occurrence of three, and of two, tokens in a row.
  std::unordered_map<uint64_t, uint32_t> after_three_;
  std::unordered_map<uint64_t, uint32_t> after_two_;
  uint32_t followed_ = 0;  // number of tokens that are indexed
  uint32_t source_ = 0;    // position of the next guess; 0 = no guess
  double acceptance_ = 0.5;
};

}  // namespace codellama
