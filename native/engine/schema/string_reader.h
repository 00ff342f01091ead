// Follows a set of texts through the bytes of a JSON string: UTF-8 and escapes, after the opening
// quote.
#pragma once

#include <cstdint>

#include "engine/regex/dfa.h"

namespace codellama {

// Where a reader is inside a string.
struct StringPlace {
  uint32_t state = Dfa::kDead;  // of the automaton, before the character that is being read
  uint32_t part = 0;            // of that character; 0 before its first byte
};

// Decides which states a character may lead to, where not every state is wanted.
class StateFilter {
 public:
  virtual ~StateFilter() = default;
  virtual bool MayEnter(uint32_t state) const = 0;
};

// The place after `byte`, which is not the closing quote. Its state is Dfa::kDead where no text of
// the set goes on like this. A null filter admits all states.
StringPlace ReadStringByte(const Dfa& dfa, StringPlace place, uint8_t byte,
                           const StateFilter* filter);

}  // namespace codellama
