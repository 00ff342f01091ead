// A grammar at work: which bytes, and which tokens, may follow a text. States and the steps between
// them are made when they are first needed and kept, so that a repeated step costs a look-up.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/grammar/grammar.h"
#include "engine/grammar/token_trie.h"

namespace codellama {

// One thread at a time.
class GrammarAutomaton {
 public:
  using State = uint32_t;
  static constexpr State kDead = 0;  // no text begins like this

  // `trie` may be null where nobody asks for tokens.
  GrammarAutomaton(std::shared_ptr<const Grammar> grammar, std::shared_ptr<const TokenTrie> trie);

  const Grammar* grammar() const { return grammar_.get(); }

  // Begins a question: everything until the next BeginQuery() shares one limit of work. Forgets
  // all states where they take too much memory; the epoch then changes, and a caller gets its state
  // again from its text. All functions below throw kInvalidGrammar for a grammar so ambiguous that
  // a question takes more work than the limit.
  void BeginQuery();
  uint32_t epoch() const { return epoch_; }

  // Memory of the states, in bytes, roughly.
  size_t bytes() const;

  State start() const { return start_; }
  State Next(State state, std::string_view bytes);
  // The state after a text that was read before. It has no limit: the text may be long.
  State Replay(std::string_view text);

  // The text may end here.
  bool IsComplete(State state) const { return states_[state].complete; }
  // It must end here.
  bool IsOver(State state) const { return IsComplete(state) && states_[state].tops.empty(); }

  // Tokens whose bytes may come next. Valid until the next call of anything here.
  const TokenMask& AllowedTokens(State state);

 private:
  // Rules that are being read, the innermost first: a list that shares its ends.
  using Stack = uint32_t;
  static constexpr Stack kBottom = 0;
  static constexpr State kUnknown = UINT32_MAX;

  struct Frame {
    GrammarMachine::State state = GrammarMachine::kDead;
    Stack below = kBottom;
  };

  struct StateNode {
    std::vector<Stack> tops;  // sorted: all ways to read the text that may go on
    bool complete = false;
    std::unique_ptr<std::array<State, 256>> next;  // kUnknown where not known yet
  };

  void Forget();
  void CountVisits(size_t visits);
  Stack Push(GrammarMachine::State state, Stack below);
  State Intern(std::vector<Stack> tops, bool complete);
  // The state of all places that are reached from the stacks without a byte.
  State Close(std::vector<Stack> open);
  State NextByte(State state, uint8_t byte);
  void FillMask(State state, TokenMask* mask);

  const std::shared_ptr<const Grammar> grammar_;
  const std::shared_ptr<const TokenTrie> trie_;
  size_t visits_ = 0;  // of stacks, in this question
  size_t tops_ = 0;    // of all states together
  size_t tables_ = 0;  // states with a table of next states
  uint32_t epoch_ = 0;
  State start_ = kDead;
  std::unique_ptr<GrammarMachine> machine_;
  std::vector<Frame> frames_;
  std::unordered_map<uint64_t, Stack> stacks_;
  std::vector<StateNode> states_;
  std::map<std::pair<bool, std::vector<Stack>>, State> numbers_;
  std::unordered_map<Stack, State> singles_;  // incomplete states with one way to read the text
  std::unordered_map<State, TokenMask> masks_;
};

}  // namespace codellama
