#include "engine/grammar/grammar_automaton.h"

#include <algorithm>
#include <string>
#include <unordered_set>
#include <utility>

#include "engine/base/common_length.h"
#include "engine/base/error.h"
#include "engine/text/tokenizer.h"

namespace codellama {

namespace {

// Limits of the cache between queries: about 50 MB for nodes, and as much for masks.
constexpr size_t kMaxNodes = 1'000'000;
constexpr size_t kMaxMasks = 1024;

// Limit on parallel parses of a text.
constexpr size_t kMaxTops = 20'000;

// Limit on visited stacks per token: about a hundred milliseconds. JSON takes a hundredth of it.
constexpr size_t kMaxVisits = 2'000'000;

using Kind = GrammarSymbol::Kind;

uint64_t Pair(uint32_t left, uint32_t right) { return uint64_t{left} << 32 | right; }

[[noreturn]] void RefuseAmbiguous(const std::string& what) {
  throw Error(ErrorCode::kInvalidGrammar, "grammar: " + what + "; make the grammar less ambiguous");
}

}  // namespace

GrammarAutomaton::GrammarAutomaton(std::shared_ptr<const Grammar> grammar,
                                   const Tokenizer* tokenizer)
    : grammar_(std::move(grammar)), tokenizer_(tokenizer) {
  Clear();
}

void GrammarAutomaton::BeginQuery() {
  visits_ = 0;
  if (allowed_.size() > kMaxMasks) allowed_.clear();
  if (nodes() > kMaxNodes) Clear();
}

void GrammarAutomaton::CountVisits(size_t visits) {
  visits_ += visits;
  if (visits_ <= kMaxVisits) return;
  RefuseAmbiguous("finding the next tokens takes more than " + std::to_string(kMaxVisits) +
                  " steps");
}

void GrammarAutomaton::Clear() {
  epoch_++;
  stacks_ = {{}};  // kBottom
  stacks_by_content_.clear();
  tops_ = 0;
  states_ = {{}};  // kDead
  for (auto& states : states_by_content_) states.clear();
  states_by_content_[false].emplace(std::vector<Stack>(), kDead);
  steps_.clear();
  allowed_.clear();
  std::vector<Stack> stacks;
  for (const uint32_t alternative : grammar_->rules[grammar_->root].alternatives) {
    stacks.push_back(Push(alternative, kBottom));
  }
  start_ = Close(std::move(stacks));
}

GrammarAutomaton::Stack GrammarAutomaton::Push(uint32_t position, Stack below) {
  const auto [place, added] =
      stacks_by_content_.try_emplace(Pair(position, below), static_cast<Stack>(stacks_.size()));
  if (added) stacks_.push_back({position, below});
  return place->second;
}

GrammarAutomaton::State GrammarAutomaton::Intern(StateNode node) {
  const auto [place, added] =
      states_by_content_[node.complete].try_emplace(node.tops, static_cast<State>(states_.size()));
  if (added) {
    tops_ += node.tops.size();
    states_.push_back(std::move(node));
  }
  return place->second;
}

GrammarAutomaton::State GrammarAutomaton::Close(std::vector<Stack> stacks) {
  StateNode node;
  std::unordered_set<Stack> seen(stacks.begin(), stacks.end());
  const auto visit = [&](Stack stack) {
    if (seen.insert(stack).second) stacks.push_back(stack);
  };
  while (!stacks.empty()) {
    const Stack stack = stacks.back();
    stacks.pop_back();
    if (stack == kBottom) {
      node.complete = true;
      continue;
    }
    const auto [position, below] = stacks_[stack];
    const GrammarSymbol symbol = grammar_->symbols[position];
    if (symbol.kind == Kind::kBytes) {
      node.tops.push_back(stack);
    } else if (symbol.kind == Kind::kEnd) {
      visit(below);
    } else {
      // After the last symbol of an alternative there is nothing to return to.
      const bool last = grammar_->symbols[position + 1].kind == Kind::kEnd;
      const Stack rest = last ? below : Push(position + 1, below);
      for (const uint32_t start : grammar_->rules[symbol.index].alternatives) {
        visit(Push(start, rest));
      }
    }
    if (seen.size() > kMaxTops) {
      RefuseAmbiguous("the text can be parsed in more than " + std::to_string(kMaxTops) + " ways");
    }
  }
  CountVisits(seen.size());
  std::sort(node.tops.begin(), node.tops.end());
  return Intern(std::move(node));
}

GrammarAutomaton::State GrammarAutomaton::NextByte(State state, uint8_t byte) {
  if (state == kDead) return kDead;
  const uint64_t key = Pair(state, byte);
  const auto known = steps_.find(key);
  if (known != steps_.end()) return known->second;
  std::vector<Stack> stacks;
  CountVisits(states_[state].tops.size());
  for (const Stack top : states_[state].tops) {
    const auto [position, below] = stacks_[top];
    if (!grammar_->byte_sets[grammar_->symbols[position].index].test(byte)) continue;
    const bool last = grammar_->symbols[position + 1].kind == Kind::kEnd;
    stacks.push_back(last ? below : Push(position + 1, below));
  }
  const State next = stacks.empty() ? kDead : Close(std::move(stacks));
  steps_.emplace(key, next);
  return next;
}

GrammarAutomaton::State GrammarAutomaton::Next(State state, std::string_view bytes) {
  for (const char byte : bytes) {
    state = NextByte(state, static_cast<uint8_t>(byte));
    if (state == kDead) break;
  }
  return state;
}

GrammarAutomaton::State GrammarAutomaton::Replay(std::string_view text) {
  constexpr size_t kBytesAtOnce = 4096;
  State state = start_;
  for (size_t at = 0; at < text.size(); at += kBytesAtOnce) {
    visits_ = 0;
    state = Next(state, text.substr(at, kBytesAtOnce));
  }
  visits_ = 0;
  return state;
}

const std::vector<bool>& GrammarAutomaton::AllowedTokens(State state) {
  const auto known = allowed_.find(state);
  if (known != allowed_.end()) return known->second;
  return allowed_.emplace(state, FindAllowedTokens(state)).first->second;
}

std::vector<bool> GrammarAutomaton::FindAllowedTokens(State state) {
  std::vector<bool> allowed(static_cast<size_t>(tokenizer_->size()), false);
  // The pieces are sorted, so a piece reuses the states of the prefix that it shares with the
  // previous piece.
  std::vector<State> path = {state};
  std::string_view previous;
  for (const auto& [piece, token] : tokenizer_->SortedPieces()) {
    path.resize(std::min(path.size(), CommonLength(previous, std::string_view(piece)) + 1));
    while (path.size() <= piece.size() && path.back() != kDead) {
      path.push_back(NextByte(path.back(), static_cast<uint8_t>(piece[path.size() - 1])));
    }
    allowed[static_cast<size_t>(token)] = path.back() != kDead;
    previous = piece;
  }
  for (const Token token : tokenizer_->end_of_generation()) {
    allowed[static_cast<size_t>(token)] = IsComplete(state);
  }
  return allowed;
}

}  // namespace codellama
