// Reads a JSON string (RFC 8259, section 7) byte by byte and follows a set of texts. The set is an
// automaton over code points. A character of the string is one to four bytes of UTF-8, or an escape
// of up to twelve bytes, so the reader often is in the middle of a character.
#pragma once

#include <cstdint>

#include "engine/regex/character_reader.h"

namespace codellama {

// A position inside a string, after the opening quote.
using StringPlace = CharacterPlace;

// The place after `byte`. Its state is Dfa::kDead if no text of the set continues with this byte.
// The caller handles the closing quote: `byte` is not one. A null `filter` admits all states.
StringPlace ReadStringByte(const Dfa& dfa, StringPlace place, uint8_t byte,
                           const StateFilter* filter);

}  // namespace codellama
