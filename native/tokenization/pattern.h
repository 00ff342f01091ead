// Compiles the regular expressions of llama.cpp's pre-tokenizers to programs for PatternMatcher.
// Supports the part of ECMAScript's syntax that they use. Text and pattern use the same code units.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "unit_set.h"

namespace codellama {

struct PatternStep {
  enum class Kind {
    kUnits,   // consumes `least` to `most` units of a set, greedily
    kSplit,   // tries the next step first, then `target`
    kLoop,    // a kSplit before each iteration of a repeated group
    kJump,    // continues at `target`
    kLook,    // lookahead: tests the steps up to the next kAccept, then continues at `target`
    kEnd,     // matches the end of the text
    kAccept,  // a match
  };
  static constexpr uint32_t kUnbounded = std::numeric_limits<uint32_t>::max();

  Kind kind;
  uint32_t target = 0;
  uint32_t set = 0;  // index into Pattern::sets
  uint32_t least = 0;
  uint32_t most = 0;
  bool is_negative = false;  // kLook must not match
};

struct Pattern {
  std::vector<PatternStep> steps;
  std::vector<UnitSet> sets;
};

// Throws std::runtime_error for syntax outside the supported part.
Pattern CompilePattern(const std::u32string& text);

}  // namespace codellama
