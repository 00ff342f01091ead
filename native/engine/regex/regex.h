// Regular expressions of ECMA-262, as JSON Schema's `pattern` has them: with Unicode code points
// and without flags.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/regex/code_points.h"
#include "engine/regex/dfa.h"

namespace codellama {

struct RegexNode {
  enum class Kind : uint8_t {
    kSet,           // one code point of `set`
    kSequence,      // all children, one after the other
    kAlternatives,  // one of the children
    kRepeat,        // the only child, `minimum` to `maximum` times
    kStart,         // ^
    kEnd,           // $
    kLookahead,     // the only child must match here; with `negated` must not
  };
  static constexpr uint32_t kUnbounded = UINT32_MAX;

  Kind kind = Kind::kSequence;
  PointSet set;
  std::vector<RegexNode> children;
  uint32_t minimum = 0;
  uint32_t maximum = kUnbounded;
  bool negated = false;
};

// Throws kInvalidGrammar for a syntax error, and for what no automaton can hold: backreferences,
// word boundaries, lookbehind; and Unicode properties, which are not supported.
RegexNode ParseRegex(std::string_view pattern);

// Texts in which the expression matches somewhere, as RegExp.prototype.test does. Throws
// kInvalidGrammar for one that needs too many states.
DfaPtr TextsWithMatch(const RegexNode& regex);
DfaPtr TextsWithMatch(std::string_view pattern);

// Texts that the expression matches as a whole.
DfaPtr WholeMatches(std::string_view pattern);

}  // namespace codellama
