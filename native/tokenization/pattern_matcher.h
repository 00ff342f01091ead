// Finds matches of a pattern in a text, first alternative first, as std::regex does. It needs no
// stack for long matches, where std::regex calls itself for each character, and time in proportion
// to the text: it remembers where a repetition failed and never tries it there again.
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

  // Keeps references to both. The text has fewer than 2^31 units.
  PatternMatcher(const Pattern& pattern, std::basic_string_view<Char> text)
      : pattern_(pattern), text_(text), repetitions_(pattern.steps.size()) {}

  // The end of the match that begins at `start`, or kNone. Starts must not decrease.
  uint32_t Match(uint32_t start);

 private:
  // An alternative to come back to.
  struct Choice {
    enum class Kind : uint8_t { kBranch, kLoop, kTried, kUnits };
    Kind kind;
    uint32_t step;
    uint32_t position;  // kUnits: one past the longest repetition that was not tried yet
    uint32_t least;     // kUnits: the shortest repetition's end, and the longest one's
    uint32_t end;
  };

  // Of the last repetition of a kUnits step: the run of units that it takes, and the ends of
  // repetitions after which the rest of the pattern failed.
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
  std::vector<Repetition> repetitions_;         // by step
  std::unordered_map<uint64_t, bool> decided_;  // what kLoop steps led to, by Key
  uint32_t last_decided_ = 0;                   // the furthest position in it
};

}  // namespace codellama
