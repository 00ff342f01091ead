#include "engine/grammar/grammar_automaton.h"

#include <algorithm>
#include <string>
#include <unordered_set>

#include "engine/base/error.h"
#include "engine/grammar/forced_text.h"

namespace codellama {

namespace {

// Maximum memory of the states between queries, and separately of the masks.
constexpr size_t kMaxBytes = 64U << 20;

// Maximum number of call stacks for one text: the number of ways to read it.
constexpr size_t kMaxStacks = 20'000;

// Maximum number of stacks visited for one token: at most 50 ms, because the engine thread waits.
// The worst of the 598 schemas that `npm run bench -- schema` was tried with visits 10,000.
constexpr size_t kMaxVisits = 100'000;

// Maximum number of call stacks of a state that may force a byte. Finding out takes up to 256 steps
// for each of them. The limit depends on the text alone, so the same text forces the same tokens.
constexpr size_t kMaxForcedStacks = 16;

[[noreturn]] void RefuseAmbiguous(const std::string& what) {
  throw Error(ErrorCode::kInvalidGrammar, "grammar: " + what + "; make the grammar less ambiguous");
}

}  // namespace

GrammarAutomaton::GrammarAutomaton(std::shared_ptr<const Grammar> grammar,
                                   std::shared_ptr<const TokenTries> tries)
    : grammar_(std::move(grammar)), tries_(std::move(tries)) {
  Forget();
}

void GrammarAutomaton::BeginQuery() {
  visits_ = 0;
  if (tries_ != nullptr && masks_.size() * tries_->mask_words * sizeof(uint64_t) > kMaxBytes) {
    masks_.clear();
  }
  if (bytes() > kMaxBytes) Forget();
}

size_t GrammarAutomaton::bytes() const {
  constexpr size_t kStateBytes = 200;
  constexpr size_t kStackBytes = 50;
  return machine_->bytes() + states_.size() * kStateBytes +
         tables_ * sizeof(std::array<State, 256>) + (frames_.size() + tops_) * kStackBytes;
}

void GrammarAutomaton::CountVisits(size_t visits) {
  visits_ += visits;
  if (visits_ <= kMaxVisits) return;
  RefuseAmbiguous("finding the allowed tokens takes more than " + std::to_string(kMaxVisits) +
                  " steps");
}

void GrammarAutomaton::Forget() {
  epoch_++;
  machine_ = grammar_->NewMachine();
  tops_ = tables_ = 0;
  frames_ = {{}};  // kBottom
  stacks_.clear();
  states_.clear();
  numbers_.clear();
  singles_.clear();
  masks_.clear();
  forced_tokens_.clear();
  Intern({}, false);  // kDead
  start_ = Close({Push(machine_->start(), kBottom)});
}

GrammarAutomaton::Stack GrammarAutomaton::Push(GrammarMachine::State state, Stack below) {
  const auto [place, added] =
      stacks_.try_emplace(uint64_t{state} << 32 | below, static_cast<Stack>(frames_.size()));
  if (added) frames_.push_back({state, below});
  return place->second;
}

GrammarAutomaton::State GrammarAutomaton::Intern(std::vector<Stack> tops, bool complete) {
  const auto [place, added] =
      numbers_.try_emplace({complete, std::move(tops)}, static_cast<State>(states_.size()));
  if (added) {
    tops_ += 2 * place->first.second.size();
    states_.push_back({.tops = place->first.second, .complete = complete, .next = nullptr});
  }
  return place->second;
}

GrammarAutomaton::State GrammarAutomaton::Close(std::vector<Stack> open) {
  if (open.size() == 1) {
    const GrammarMachine::Node& node = machine_->NodeOf(frames_[open[0]].state);
    if (!node.accepting && node.reads && node.free.empty() && node.calls.empty()) {
      CountVisits(1);
      const auto [place, added] = singles_.try_emplace(open[0], kUnknown);
      if (added) place->second = Intern(std::move(open), false);
      return place->second;
    }
  }
  std::vector<Stack> tops;
  bool complete = false;
  std::unordered_set<Stack> seen(open.begin(), open.end());
  const auto visit = [&](Stack stack) {
    if (stack == kBottom) {
      complete = true;
    } else if (seen.insert(stack).second) {
      open.push_back(stack);
    }
  };
  for (size_t at = 0; at < open.size(); at++) {
    const Frame frame = frames_[open[at]];
    const GrammarMachine::Node& node = machine_->NodeOf(frame.state);
    if (node.reads) tops.push_back(open[at]);
    if (node.accepting) visit(frame.below);
    for (const GrammarMachine::State state : node.free) visit(Push(state, frame.below));
    for (const auto& [callee, after] : node.calls) visit(Push(callee, Push(after, frame.below)));
    if (open.size() > kMaxStacks) {
      RefuseAmbiguous("the text can be read in more than " + std::to_string(kMaxStacks) +
                      " ways at once");
    }
  }
  CountVisits(open.size());
  std::sort(tops.begin(), tops.end());
  return Intern(std::move(tops), complete);
}

GrammarAutomaton::State GrammarAutomaton::NextByte(State state, uint8_t byte) {
  if (states_[state].next == nullptr) {
    states_[state].next = std::make_unique<std::array<State, 256>>();
    states_[state].next->fill(kUnknown);
    tables_++;
  }
  const State known = (*states_[state].next)[byte];
  if (known != kUnknown) return known;
  std::vector<Stack> open;
  CountVisits(states_[state].tops.size());
  for (const Stack top : states_[state].tops) {
    const Frame frame = frames_[top];
    const GrammarMachine::State next = machine_->Next(frame.state, byte);
    if (next != GrammarMachine::kDead) open.push_back(Push(next, frame.below));
  }
  std::sort(open.begin(), open.end());
  open.erase(std::unique(open.begin(), open.end()), open.end());
  const State next = open.empty() ? kDead : Close(std::move(open));
  (*states_[state].next)[byte] = next;
  return next;
}

GrammarAutomaton::State GrammarAutomaton::Next(State state, std::string_view bytes) {
  for (const char byte : bytes) {
    if (state == kDead) break;
    state = NextByte(state, static_cast<uint8_t>(byte));
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

std::optional<uint8_t> GrammarAutomaton::ForcedByte(State state) {
  if (states_[state].forced == kForcedUnknown) states_[state].forced = FindForcedByte(state);
  const int16_t forced = states_[state].forced;
  return forced == kNotForced ? std::nullopt : std::make_optional(static_cast<uint8_t>(forced));
}

int16_t GrammarAutomaton::FindForcedByte(State state) {
  if (states_[state].complete || states_[state].tops.size() > kMaxForcedStacks) return kNotForced;
  int16_t forced = kNotForced;
  for (int16_t byte = 0; byte < 256; byte++) {
    if (NextByte(state, static_cast<uint8_t>(byte)) == kDead) continue;
    if (forced != kNotForced) return kNotForced;
    forced = byte;
  }
  return forced;
}

const std::vector<Token>& GrammarAutomaton::ForcedTokens(State state, const Tokenizer& tokenizer) {
  static const std::vector<Token> kNone;
  if (!ForcedByte(state)) return kNone;
  const auto known = forced_tokens_.find(state);
  if (known != forced_tokens_.end()) return known->second;
  return forced_tokens_.emplace(state, FindForcedTokens(this, state, tokenizer)).first->second;
}

const TokenMask& GrammarAutomaton::AllowedTokens(State state) {
  const auto known = masks_.find(state);
  if (known != masks_.end()) return known->second;
  const TokenTries::PlainSet* plain = PlainTokens(state);
  TokenMask mask = plain == nullptr ? TokenMask(tries_->mask_words, 0) : plain->mask;
  AddTokens(plain == nullptr ? tries_->all : plain->others, state, &mask);
  return masks_.emplace(state, std::move(mask)).first->second;
}

const TokenTries::PlainSet* GrammarAutomaton::PlainTokens(State state) {
  uint32_t characters = 0;
  for (const Stack top : states_[state].tops) {
    characters = std::max(characters, machine_->PlainCharacters(frames_[top].state));
  }
  const auto found = std::find_if(tries_->plain.begin(), tries_->plain.end(),
                                  [&](const auto& set) { return set.characters <= characters; });
  return found == tries_->plain.end() ? nullptr : &*found;
}

void GrammarAutomaton::AddTokens(const TokenTrie& trie, State state, TokenMask* mask) {
  std::vector<State> path(trie.longest + 1, kDead);  // state by number of bytes read
  path[0] = state;
  const std::vector<TokenTrie::Node>& nodes = trie.nodes;
  for (size_t at = 0; at < nodes.size();) {
    const TokenTrie::Node& node = nodes[at];
    const State next = NextByte(path[node.depth], node.byte);
    if (next == kDead) {
      at = node.next;
      continue;
    }
    path[node.depth + 1] = next;
    for (uint32_t i = 0; i < node.tokens; i++) {
      const auto token = static_cast<size_t>(trie.token_ids[node.first + i]);
      (*mask)[token / 64] |= uint64_t{1} << (token % 64);
    }
    at++;
  }
}

}  // namespace codellama
