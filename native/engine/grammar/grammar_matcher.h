// Follows one text through a grammar.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/options.h"
#include "engine/grammar/grammar_automaton.h"

namespace codellama {

class GrammarMatcher {
 public:
  explicit GrammarMatcher(std::shared_ptr<GrammarAutomaton> automaton);

  // Whether the token may come next. `piece` is its text.
  bool Allows(Token token, std::string_view piece, const Tokenizer& tokenizer);

  // The logits, with minus infinity for tokens that may not come next. Valid until the next call on
  // the same thread.
  const float* Mask(const float* logits, int32_t size);

  // Extends the text with a piece that Allows() accepted.
  void Append(std::string_view piece);

  // Whether the text is complete and nothing may follow.
  bool IsOver();

 private:
  GrammarAutomaton::State State();

  const std::shared_ptr<GrammarAutomaton> automaton_;
  std::string text_;
  GrammarAutomaton::State state_;
  uint32_t epoch_;  // the automaton's epoch when state_ was computed
};

}  // namespace codellama
