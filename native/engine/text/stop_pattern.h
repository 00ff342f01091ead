// Regular expressions that end a text where they match.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/regex/regex.h"

namespace codellama {

// A compiled pattern. It is immutable, so texts on several threads share it.
class StopPattern {
 public:
  // A state of the automata of all kinds of starts, numbered together.
  struct Place {
    const Dfa* dfa = nullptr;
    uint32_t state = 0;
    uint32_t number = 0;
  };

  // `automata` by MatchStart; see CompileStopPattern().
  explicit StopPattern(std::array<DfaPtr, 3> automata);

  // The place before the first character of a match.
  Place Begin(MatchStart start) const;
  // The place after `point`; empty if no match continues so.
  static std::optional<Place> Next(Place place, uint32_t point);
  // Whether a match is complete whatever follows.
  static bool IsMatch(const Place& place);

  // Number of states of all automata.
  uint32_t size() const { return size_; }

 private:
  std::array<DfaPtr, 3> automata_;
  std::array<uint32_t, 3> offsets_{};  // number of the first state of each automaton
  uint32_t size_ = 0;
};

// Throws kInvalidGrammar if ParseRegex() refuses the pattern; if it matches the empty text or no
// text; for `$` without the flag m, because the end of a growing text is not known; and if it needs
// more than 2,000 states. Another thread sets `stop` to cancel: the function then throws kAborted.
// Null = it cannot be cancelled.
std::shared_ptr<const StopPattern> CompileStopPattern(std::string_view pattern,
                                                      const RegexFlags& flags,
                                                      const std::atomic<bool>* stop = nullptr);

// Finds the first match of a pattern in a growing text. For each state of the pattern it follows
// only the earliest start that leads there, so the work for a character and the memory are bounded
// by the number of states.
class PatternMatcher {
 public:
  explicit PatternMatcher(std::shared_ptr<const StopPattern> pattern);

  // Takes the text's next character, which starts at byte `at`. Returns the first byte of the
  // longest match that is now complete; empty if there is none.
  std::optional<uint64_t> Take(uint32_t point, uint64_t at);

  // First byte of the longest end of the text that may become a match; UINT64_MAX = none may.
  uint64_t possible_start() const { return runs_.empty() ? UINT64_MAX : runs_.front().start; }

 private:
  struct Run {
    StopPattern::Place place;
    uint64_t start = 0;  // first byte of the possible match
  };

  std::shared_ptr<const StopPattern> pattern_;
  MatchStart next_start_ = MatchStart::kText;
  std::vector<Run> runs_;       // the earliest start first
  std::vector<uint64_t> seen_;  // by state: the step in which a run reached it last
  uint64_t step_ = 0;
};

}  // namespace codellama
