#include "engine/grammar/grammar_cache.h"

#include <algorithm>

#include "engine/text/tokenizer.h"

namespace codellama {

namespace {

constexpr size_t kKept = 16;

}  // namespace

std::shared_ptr<GrammarAutomaton> GrammarCache::Find(
    const std::shared_ptr<const Grammar>& grammar) {
  const auto found = std::find_if(automata_.begin(), automata_.end(), [&](const auto& automaton) {
    return automaton->grammar() == grammar.get();
  });
  if (found != automata_.end()) {
    automata_.splice(automata_.begin(), automata_, found);
  } else {
    if (tries_ == nullptr) {
      tries_ = std::make_shared<TokenTries>(tokenizer_->SortedPieces(), tokenizer_->size());
    }
    automata_.push_front(std::make_shared<GrammarAutomaton>(grammar, tries_));
    if (automata_.size() > kKept) automata_.pop_back();
  }
  return automata_.front();
}

}  // namespace codellama
