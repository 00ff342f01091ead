// Turns regular expressions into sets of texts. The syntax is ECMA-262, section 22.2, read as
// Unicode code points, as with the flag u.
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
    kLineStart,     // ^ with the flag m: the text or a line starts here
    kLineEnd,       // $ with the flag m: the text or a line ends here
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

// Flags that change what a pattern matches.
struct RegexFlags {
  bool ignore_case = false;  // i
  bool multiline = false;    // m: ^ and $ also match at the ends of lines
  bool dot_all = false;      // s: . also matches line ends
};

// Characters that end a line.
inline const PointSet kLineEnds = {{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}};
constexpr bool IsLineEnd(uint32_t point) {
  return point == '\n' || point == '\r' || point == 0x2028 || point == 0x2029;
}

// Parses a pattern in UTF-8. Throws kInvalidGrammar, naming the byte, for a syntax error and for
// features that are not supported: backreferences, word boundaries and lookbehind.
RegexNode ParseRegex(std::string_view pattern, const RegexFlags& flags = {});

// Texts in which the expression matches at some place: those for which RegExp.prototype.test
// returns true. Throws kInvalidGrammar if the automaton needs too many states.
DfaPtr TextsWithMatch(std::string_view pattern);

// Texts that the expression matches from the first to the last character. Throws as above.
DfaPtr WholeMatches(const RegexNode& regex);
DfaPtr WholeMatches(std::string_view pattern);

// The place where a match starts.
enum class MatchStart : uint8_t { kText, kLine, kInside };

// Texts that start with a match, which starts at a place of the given kind. A state is certain if
// all its edges lead to itself and it is accepting: the match is complete whatever follows. Throws
// as above.
DfaPtr TextsStartingWithMatch(const RegexNode& regex, MatchStart start);

}  // namespace codellama
