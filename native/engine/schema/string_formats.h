// Enforces the keyword `format` for strings (JSON Schema 2020-12 validation, section 7.3). Formats
// that the specification does not define are annotations and have no effect.
#pragma once

#include <string_view>

#include "engine/regex/dfa.h"

namespace codellama {

// The texts of a format. Null = JSON Schema does not define the format. Throws kInvalidGrammar if
// it defines the format but this library cannot enforce it. Any thread may call this.
DfaPtr TextsOfFormat(std::string_view format);

}  // namespace codellama
