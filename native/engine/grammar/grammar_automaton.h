// Computes which bytes and tokens may follow a text. States and transitions are created on first
// use and cached.
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

// Not thread-safe.
class GrammarAutomaton {
 public:
  using State = uint32_t;
  static constexpr State kDead = 0;  // no valid text starts like this

  // The tokenizer must outlive it.
  GrammarAutomaton(std::shared_ptr<const Grammar> grammar, const Tokenizer* tokenizer);

  const Grammar* grammar() const { return grammar_.get(); }

  // Starts a query. All calls up to the next BeginQuery() share one limit on work and memory.
  // Clears all states when they take too much memory, and then increments epoch(): states from
  // before are invalid and must be computed again with Replay(). The calls below throw
  // kInvalidGrammar when an ambiguous grammar exceeds the limit.
  void BeginQuery();
  uint32_t epoch() const { return epoch_; }

  // Number of stacks, transitions and stack tops. Each takes about 50 bytes.
  size_t nodes() const { return stacks_.size() + steps_.size() + tops_; }

  State start() const { return start_; }
  State Next(State state, std::string_view bytes);
  // The state after a text that was accepted before. Has no limit, however long the text is.
  State Replay(std::string_view text);

  // Whether the text may end here.
  bool IsComplete(State state) const { return states_[state].complete; }
  // Whether the text must end here.
  bool IsOver(State state) const { return IsComplete(state) && states_[state].tops.empty(); }

  // One flag per token: whether it may come next. Where the text may end, end tokens are included.
  // Valid until the next call of any method.
  const std::vector<bool>& AllowedTokens(State state);

 private:
  // Positions where parsing continues, innermost first. A linked list; lists share their tails.
  using Stack = uint32_t;
  static constexpr Stack kBottom = 0;

  struct StackNode {
    uint32_t position = 0;  // of the next symbol
    Stack below = kBottom;
  };

  struct StateNode {
    std::vector<Stack> tops;  // sorted; each is at a byte set
    bool complete = false;
  };

  void Clear();
  Stack Push(uint32_t position, Stack below);
  State Intern(StateNode node);
  // The state of all byte sets that are reachable from the stacks without reading a byte.
  State Close(std::vector<Stack> stacks);
  State NextByte(State state, uint8_t byte);
  std::vector<bool> FindAllowedTokens(State state);

  void CountVisits(size_t visits);

  const std::shared_ptr<const Grammar> grammar_;
  const Tokenizer* tokenizer_;
  size_t visits_ = 0;  // visited stacks in this query
  size_t tops_ = 0;    // stack tops of all states
  uint32_t epoch_ = 0;
  State start_ = kDead;
  std::vector<StackNode> stacks_;
  std::unordered_map<uint64_t, Stack> stacks_by_content_;
  std::vector<StateNode> states_;
  std::map<std::vector<Stack>, State> states_by_content_[2];  // indexed by `complete`
  std::unordered_map<uint64_t, State> steps_;
  std::unordered_map<State, std::vector<bool>> allowed_;
};

}  // namespace codellama
