// The automata of an engine's grammars: requests with one grammar share what is known of it.
#pragma once

#include <list>
#include <memory>

#include "engine/grammar/grammar_automaton.h"

namespace codellama {

class Tokenizer;

// The engine thread only.
class GrammarCache {
 public:
  // The tokenizer must outlive the automata.
  explicit GrammarCache(const Tokenizer* tokenizer) : tokenizer_(tokenizer) {}

  // The grammar's automaton, which is kept for some time.
  std::shared_ptr<GrammarAutomaton> Find(const std::shared_ptr<const Grammar>& grammar);

 private:
  const Tokenizer* tokenizer_;
  std::shared_ptr<const TokenTries> tries_;                // made with the first grammar
  std::list<std::shared_ptr<GrammarAutomaton>> automata_;  // the last used first
};

}  // namespace codellama
