#include "engine/grammar/grammar_matcher.h"

#include <algorithm>
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

const float* GrammarMatcher::Mask(const float* logits, const Tokenizer& tokenizer) {
  constexpr float kNever = -std::numeric_limits<float>::infinity();
  // One buffer per thread: all sequences of a thread share it.
  thread_local std::vector<float> masked;
  const GrammarAutomaton::State state = State();
  const TokenMask& allowed = automaton_->AllowedTokens(state);
  masked.assign(logits, logits + tokenizer.size());
  for (size_t word = 0; word < allowed.size(); word++) {
    if (allowed[word] == ~uint64_t{0}) continue;
    const size_t end = std::min(masked.size(), 64 * (word + 1));
    for (size_t token = 64 * word; token < end; token++) {
      if ((allowed[word] >> (token % 64) & 1) == 0) masked[token] = kNever;
    }
  }
  const bool complete = automaton_->IsComplete(state);
  for (const Token token : tokenizer.end_of_generation()) {
    const auto index = static_cast<size_t>(token);
    masked[index] = complete ? logits[index] : kNever;
  }
  return masked.data();
}

const std::vector<Token>& GrammarMatcher::ForcedTokens(const Tokenizer& tokenizer) {
  const GrammarAutomaton::State state = State();
  return automaton_->ForcedTokens(state, tokenizer);
}

void GrammarMatcher::Append(std::string_view piece) {
  state_ = automaton_->Next(State(), piece);
  text_ += piece;
}

bool GrammarMatcher::IsOver() { return automaton_->IsOver(State()); }

}  // namespace codellama
