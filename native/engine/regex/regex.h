// Turns regular expressions into sets of texts, for `pattern` and `patternProperties` of JSON
// Schema 2020-12. The syntax is ECMA-262, section 22.2, read as Unicode code points and without
// flags.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/regex/code_points.h"
#include "engine/regex/dfa.h"

namespace codellama {

// Syntax tree of a regular expression.
struct RegexNode {
  enum class Kind : uint8_t {
    kSet,           // one code point of `set`
    kSequence,      // all children, in order
    kAlternatives,  // one of the children
    kRepeat,        // its single child, `minimum` to `maximum` times
    kStart,         // ^: the text starts here
    kEnd,           // $: the text ends here
    kLookahead,     // its single child matches here, or does not match if `negated`
  };
  static constexpr uint32_t kUnbounded = UINT32_MAX;

  Kind kind = Kind::kSequence;
  PointSet set;
  std::vector<RegexNode> children;
  uint32_t minimum = 0;
  uint32_t maximum = kUnbounded;  // kUnbounded = no limit
  bool negated = false;
};

// Parses a pattern in UTF-8. Throws kInvalidGrammar, naming the byte, for a syntax error and for
// features that are not supported: backreferences, word boundaries and lookbehind.
RegexNode ParseRegex(std::string_view pattern);

// Texts in which the expression matches at some place: those for which RegExp.prototype.test
// returns true. Throws kInvalidGrammar if the automaton needs too many states.
DfaPtr TextsWithMatch(std::string_view pattern);

// Texts that the expression matches from the first to the last character. Throws as above.
DfaPtr WholeMatches(std::string_view pattern);

}  // namespace codellama
