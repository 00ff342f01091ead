#include "engine/grammar/grammar_matcher.h"

#include <limits>
#include <utility>

#include "engine/text/tokenizer.h"

namespace codellama {

GrammarMatcher::GrammarMatcher(std::shared_ptr<GrammarAutomaton> automaton)
    : automaton_(std::move(automaton)), state_(automaton_->start()), epoch_(automaton_->epoch()) {}

GrammarAutomaton::State GrammarMatcher::State() {
  automaton_->BeginQuery();
  if (epoch_ != automaton_->epoch()) {
    epoch_ = automaton_->epoch();
    state_ = automaton_->Replay(text_);
  }
  return state_;
}

bool GrammarMatcher::Allows(Token token, std::string_view piece, const Tokenizer& tokenizer) {
  const GrammarAutomaton::State state = State();
  if (tokenizer.IsEndOfGeneration(token)) return automaton_->IsComplete(state);
  return !piece.empty() && automaton_->Next(state, piece) != GrammarAutomaton::kDead;
}

const float* GrammarMatcher::Mask(const float* logits, int32_t size) {
  // One engine thread samples all sequences, so they share the buffer.
  thread_local std::vector<float> masked;
  const std::vector<bool>& allowed = automaton_->AllowedTokens(State());
  masked.assign(logits, logits + size);
  for (size_t token = 0; token < masked.size(); token++) {
    if (!allowed[token]) masked[token] = -std::numeric_limits<float>::infinity();
  }
  return masked.data();
}

void GrammarMatcher::Append(std::string_view piece) {
  state_ = automaton_->Next(State(), piece);
  text_ += piece;
}

bool GrammarMatcher::IsOver() { return automaton_->IsOver(State()); }

}  // namespace codellama
