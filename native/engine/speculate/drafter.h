// Prompt lookup: guesses that a text goes on as it did where its last tokens stood before. Free of
// model and computation; what it guesses is verified by the model, many tokens in one go.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "engine/base/options.h"

namespace codellama {

class Drafter {
 public:
  // Takes the tokens of a sequence, which has grown since the last call, and looks what may follow.
  // Each token is looked at once, whatever was guessed.
  void Follow(const std::vector<Token>& tokens);

  // Up to `count` tokens that may follow.
  std::vector<Token> Propose(const std::vector<Token>& tokens, uint32_t count) const;

  // Whether there is anything to propose.
  bool HasGuess() const { return source_ > 0; }

  // How likely the next guess is right, by how the last ones were: a running mean.
  double acceptance() const { return acceptance_; }

 private:
  void FindSource(const std::vector<Token>& tokens);
  void Index(const std::vector<Token>& tokens, uint32_t end);

  // What followed the last occurrence of three, and of two, tokens in a row: positions.
  std::unordered_map<uint64_t, uint32_t> after_three_;
  std::unordered_map<uint64_t, uint32_t> after_two_;
  uint32_t followed_ = 0;  // tokens looked at so far
  uint32_t source_ = 0;    // the position of the guess; 0 is none
  double acceptance_ = 0.5;
};

}  // namespace codellama
