// A grammar at work: which bytes, and which tokens, may follow a text. States and the steps between
// them are made when they are first needed and kept, so that what comes again costs a look-up.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/base/options.h"
#include "engine/grammar/grammar.h"

namespace codellama {

class Tokenizer;

// One thread at a time.
class GrammarAutomaton {
 public:
  using State = uint32_t;
  static constexpr State kDead = 0;  // no text begins like this

  // The tokenizer must outlive it.
  GrammarAutomaton(std::shared_ptr<const Grammar> grammar, const Tokenizer* tokenizer);

  const Grammar* grammar() const { return grammar_.get(); }

  // Begins a question: what is asked until the next call has a limit of work and of memory. Forgets
  // all states where they take too much memory; whoever holds one gets it anew from its text:
  // `epoch` tells. All below throw kInvalidGrammar for a grammar so ambiguous that a question takes
  // more than the limit.
  void BeginQuestion();
  uint32_t epoch() const { return epoch_; }

  // Stacks, steps and places of states: what takes memory, some 50 bytes each.
  size_t nodes() const { return stacks_.size() + steps_.size() + tops_; }

  State start() const { return start_; }
  State Next(State state, std::string_view bytes);
  // The state after a text that was read before: no question of its own, however long it is.
  State Replay(std::string_view text);

  // The text may end here.
  bool IsComplete(State state) const { return states_[state].complete; }
  // It must end here.
  bool IsOver(State state) const { return IsComplete(state) && states_[state].tops.empty(); }

  // By token: whether it may come next. Where the text may end these are end tokens too. Valid
  // until the next call of anything here.
  const std::vector<bool>& AllowedTokens(State state);

 private:
  // Places where the reading of rules goes on, the innermost first: a list that shares its ends.
  using Stack = uint32_t;
  static constexpr Stack kBottom = 0;

  struct StackNode {
    uint32_t position = 0;  // of the symbol that comes next
    Stack below = kBottom;
  };

  struct StateNode {
    std::vector<Stack> tops;  // sorted; all at byte sets
    bool complete = false;
  };

  void Forget();
  Stack Push(uint32_t position, Stack below);
  State Intern(StateNode node);
  // All places at byte sets that are reached from the stacks without reading anything.
  State Close(std::vector<Stack> stacks);
  State NextByte(State state, uint8_t byte);
  std::vector<bool> FindAllowedTokens(State state);

  void CountVisits(size_t visits);

  const std::shared_ptr<const Grammar> grammar_;
  const Tokenizer* tokenizer_;
  size_t visits_ = 0;  // of stacks, in this question
  size_t tops_ = 0;    // of all states together
  uint32_t epoch_ = 0;
  State start_ = kDead;
  std::vector<StackNode> stacks_;
  std::unordered_map<uint64_t, Stack> stacks_by_content_;
  std::vector<StateNode> states_;
  std::map<std::vector<Stack>, State> states_by_content_[2];  // by completeness
  std::unordered_map<uint64_t, State> steps_;
  std::unordered_map<State, std::vector<bool>> allowed_;
};

}  // namespace codellama
