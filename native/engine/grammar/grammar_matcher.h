// Applies a grammar to the text of one sequence: masks logits, and follows the generated text.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/options.h"
#include "engine/grammar/grammar_automaton.h"

namespace codellama {

class Tokenizer;

class GrammarMatcher {
 public:
  explicit GrammarMatcher(std::shared_ptr<GrammarAutomaton> automaton);

  // Whether `token` may follow the text. `piece` holds the bytes of the token.
  bool Allows(Token token, std::string_view piece, const Tokenizer& tokenizer);

  // A copy of the logits, with minus infinity for each token that may not follow. Valid until the
  // next call of Mask() on the same thread, for any matcher.
  const float* Mask(const float* logits, const Tokenizer& tokenizer);

  // The tokens that must follow the text. Valid until the next call of any member function.
  const std::vector<Token>& ForcedTokens(const Tokenizer& tokenizer);

  // Appends a piece to the text. Allows() must have accepted it.
  void Append(std::string_view piece);

  // Whether the text is complete and nothing may follow.
  bool IsOver();

 private:
  // Starts a query. Returns the state after the text, replaying the text after a change of epoch.
  GrammarAutomaton::State State();

  const std::shared_ptr<GrammarAutomaton> automaton_;
  std::string text_;
  GrammarAutomaton::State state_;
  uint32_t epoch_;  // epoch of the automaton in which `state_` is valid
};

}  // namespace codellama
