// One text that follows a grammar.
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

  // Whether the token, whose bytes are `piece`, may come next.
  bool Allows(Token token, std::string_view piece, const Tokenizer& tokenizer);

  // The logits, with minus infinity for tokens that may not come next. Valid until the next call on
  // the same thread.
  const float* Mask(const float* logits, const Tokenizer& tokenizer);

  // Adds a piece that Allows() accepted to the text.
  void Append(std::string_view piece);

  // Nothing may follow.
  bool IsOver();

 private:
  GrammarAutomaton::State State();

  const std::shared_ptr<GrammarAutomaton> automaton_;
  std::string text_;
  GrammarAutomaton::State state_;
  uint32_t epoch_;  // of the state
};

}  // namespace codellama
