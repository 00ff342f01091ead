// Formats of strings that are enforced: `format` of JSON Schema 2020-12, section 7.3 of its
// validation specification. Other formats are annotations.
#pragma once

#include <string_view>

#include "engine/regex/dfa.h"

namespace codellama {

// The texts of a format; null for one that JSON Schema does not define. Throws kInvalidGrammar for
// one that it defines and no automaton holds.
DfaPtr TextsOfFormat(std::string_view format);

}  // namespace codellama
