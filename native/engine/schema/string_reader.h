// Reads a JSON string (RFC 8259, section 7) byte by byte and follows a set of texts. The set is an
// automaton over code points. A character of the string is one to four bytes of UTF-8, or an escape
// of up to twelve bytes, so the reader often is in the middle of a character.
#pragma once

#include <cstdint>

#include "engine/regex/dfa.h"

namespace codellama {

// A position inside a string, after the opening quote.
struct StringPlace {
  uint32_t state = Dfa::kDead;  // state of the automaton before the current character
  uint32_t part = 0;            // the bytes read of the current character; 0 = none
};

// Restricts the automaton further: decides which states a character may lead to.
class StateFilter {
 public:
  virtual ~StateFilter() = default;
  virtual bool MayEnter(uint32_t state) const = 0;
};

// The place after `byte`. Its state is Dfa::kDead if no text of the set continues with this byte.
// The caller handles the closing quote: `byte` is not one. A null `filter` admits all states.
StringPlace ReadStringByte(const Dfa& dfa, StringPlace place, uint8_t byte,
                           const StateFilter* filter);

}  // namespace codellama
