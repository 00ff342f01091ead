// The grammar automata of an engine. Requests with the same grammar share its cached states.
#pragma once

#include <list>
#include <memory>

#include "engine/grammar/grammar_automaton.h"

namespace codellama {

// Used on the engine thread only.
class GrammarCache {
 public:
  // The tokenizer must outlive the automata.
  explicit GrammarCache(const Tokenizer* tokenizer) : tokenizer_(tokenizer) {}

  // The grammar's automaton. Creates it when it is not cached.
  std::shared_ptr<GrammarAutomaton> Find(const std::shared_ptr<const Grammar>& grammar);

 private:
  const Tokenizer* tokenizer_;
  std::list<std::shared_ptr<GrammarAutomaton>> automata_;  // most recently used first
};

}  // namespace codellama
