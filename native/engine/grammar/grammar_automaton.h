// Finds the bytes and tokens that a grammar allows after a text. It runs a GrammarMachine with all
// possible call stacks at once. States and steps are created when they are first needed and then
// kept, so a repeated step costs one look-up.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/grammar/grammar.h"
#include "engine/grammar/token_trie.h"

namespace codellama {

class Tokenizer;

// Only one thread may use an automaton at a time.
class GrammarAutomaton {
 public:
  using State = uint32_t;
  static constexpr State kDead = 0;  // no text of the grammar starts with the bytes read

  // `tries` may be null if AllowedTokens() is never called.
  GrammarAutomaton(std::shared_ptr<const Grammar> grammar, std::shared_ptr<const TokenTries> tries);

  const Grammar* grammar() const { return grammar_.get(); }

  // Starts a query: all calls until the next BeginQuery() share one work limit. The functions below
  // throw kInvalidGrammar if an ambiguous grammar makes a query exceed the limit. BeginQuery()
  // drops all states if they use too much memory. The epoch then changes: old State values are
  // invalid, and the caller must get its state again with Replay().
  void BeginQuery();
  uint32_t epoch() const { return epoch_; }

  // Estimated memory of the states, in bytes.
  size_t bytes() const;

  // The state before the first byte of a text.
  State start() const { return start_; }
  // The state after reading `bytes`, or kDead if the grammar does not allow them.
  State Next(State state, std::string_view bytes);
  // The state after a text that was read before, perhaps in an earlier epoch. Has no work limit
  // because the text may be long.
  State Replay(std::string_view text);

  // Whether the text may end here.
  bool IsComplete(State state) const { return states_[state].complete; }
  // Whether the text must end here: it may end, and nothing may follow.
  bool IsOver(State state) const { return IsComplete(state) && states_[state].tops.empty(); }

  // The byte that must follow: the text may not end here, and no other byte may follow. Absent =
  // the model has a choice. A state with very many readings counts as a choice, which bounds the
  // work.
  std::optional<uint8_t> ForcedByte(State state);
  // The tokens that must follow (see forced_text.h). Valid until the next call of any member
  // function. All calls must pass the same tokenizer.
  const std::vector<Token>& ForcedTokens(State state, const Tokenizer& tokenizer);

  // Mask of the tokens whose bytes may follow. Valid until the next call of any member function.
  const TokenMask& AllowedTokens(State state);

 private:
  // Number of a call stack: a linked list of frames, the innermost rule first. Stacks with the same
  // outer rules share those frames.
  using Stack = uint32_t;
  static constexpr Stack kBottom = 0;
  static constexpr State kUnknown = UINT32_MAX;

  // One entry of a call stack.
  struct Frame {
    GrammarMachine::State state = GrammarMachine::kDead;  // state inside the rule
    Stack below = kBottom;                                // stack of the caller
  };

  // Values of StateNode::forced that are no byte.
  static constexpr int16_t kNotForced = -1;
  static constexpr int16_t kForcedUnknown = -2;

  struct StateNode {
    std::vector<Stack> tops;  // sorted; one stack for each reading that accepts another byte
    bool complete = false;    // the text may end here
    int16_t forced = kForcedUnknown;               // the byte that must follow
    std::unique_ptr<std::array<State, 256>> next;  // by byte; kUnknown = not computed yet
  };

  // Drops all states and starts a new epoch.
  void Forget();
  // Adds to the work of the query. Throws kInvalidGrammar above the limit.
  void CountVisits(size_t visits);
  // The stack with one more frame on top.
  Stack Push(GrammarMachine::State state, Stack below);
  // The number of a state, which is added if it is new.
  State Intern(std::vector<Stack> tops, bool complete);
  // The state of all stacks that are reached from `open` without reading a byte.
  State Close(std::vector<Stack> open);
  State NextByte(State state, uint8_t byte);
  int16_t FindForcedByte(State state);
  // The largest set of plain tokens that all may follow. Null if there is none.
  const TokenTries::PlainSet* PlainTokens(State state);
  // Adds the tokens of the trie that may follow.
  void AddTokens(const TokenTrie& trie, State state, TokenMask* mask);

  const std::shared_ptr<const Grammar> grammar_;
  const std::shared_ptr<const TokenTries> tries_;
  size_t visits_ = 0;  // stacks visited in this query
  size_t tops_ = 0;    // stacks stored in all states
  size_t tables_ = 0;  // states that have a `next` table
  uint32_t epoch_ = 0;
  State start_ = kDead;
  std::unique_ptr<GrammarMachine> machine_;
  std::vector<Frame> frames_;
  std::unordered_map<uint64_t, Stack> stacks_;
  std::vector<StateNode> states_;
  std::map<std::pair<bool, std::vector<Stack>>, State> numbers_;
  std::unordered_map<Stack, State> singles_;  // incomplete states with a single stack
  std::unordered_map<State, TokenMask> masks_;
  std::unordered_map<State, std::vector<Token>> forced_tokens_;
};

}  // namespace codellama
