// Finds matches of a pattern in a text. Prefers the first alternative, like std::regex. Two
// differences make it safe for long texts: it does not recurse, while std::regex recurses once per
// character, and it takes linear time, because it remembers where a repetition failed and does not
// try it again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "pattern.h"

namespace codellama {

// `Char` is char or wchar_t.
template <typename Char>
class PatternMatcher {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  // Keeps references to both. The text must have fewer than 2^31 units.
  PatternMatcher(const Pattern& pattern, std::basic_string_view<Char> text)
      : pattern_(pattern), text_(text), repetitions_(pattern.steps.size()) {}

  // The end of the match at `start`. kNone = no match. `start` must not decrease between calls.
  uint32_t Match(uint32_t start);

 private:
  // An alternative for backtracking.
  struct Choice {
    enum class Kind : uint8_t { kBranch, kLoop, kTried, kUnits };
    Kind kind;
    uint32_t step;
    uint32_t position;  // kUnits: one past the end of the longest untried repetition
    uint32_t least;     // kUnits: end of the shortest repetition
    uint32_t end;       // kUnits: end of the longest repetition
  };

  // What is known about a kUnits step: the last run of units that it can consume, and the ends of
  // repetitions after which the rest of the pattern failed. Both are empty at first.
  struct Repetition {
    uint32_t run_begin = 1;
    uint32_t run_end = 0;
    uint32_t failed_begin = 1;
    uint32_t failed_end = 0;  // inclusive
  };

  struct State {
    uint32_t step;
    uint32_t position;
  };

  bool Takes(const PatternStep& step, uint32_t position) const;
  uint32_t Run(State state, bool is_look);
  bool Advance(State* state);
  bool TakeUnits(State* state);
  uint32_t EndOfUnits(const State& state);
  bool Backtrack(State* state, size_t floor);
  bool RetryUnits(State* state, Choice* choice);
  void Leave(size_t floor, bool is_look);
  uint64_t Key(uint32_t step, uint32_t position) const;

  const Pattern& pattern_;
  std::basic_string_view<Char> text_;
  std::vector<Choice> choices_;
  std::vector<Repetition> repetitions_;         // indexed by step
  std::unordered_map<uint64_t, bool> decided_;  // result of a kLoop step at a position, by Key()
  uint32_t last_decided_ = 0;                   // largest position in decided_
};

}  // namespace codellama
