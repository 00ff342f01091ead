// Enforces the keyword `format` for strings (JSON Schema 2020-12 validation, section 7.3). Formats
// that the specification does not define are annotations and have no effect.
#pragma once

#include <string_view>

#include "engine/regex/dfa.h"

namespace codellama {

// The texts of a format.
struct FormatTexts {
  DfaPtr texts;  // texts that are certainly valid; null = JSON Schema does not define the format
  // All texts that a validator may accept. It is larger where the format is hard to describe, such
  // as a host name. A schema's opposite excludes all of them.
  DfaPtr possible;
};

// Throws kInvalidGrammar if JSON Schema defines the format but this library cannot enforce it. Any
// thread may call this.
FormatTexts TextsOfFormat(std::string_view format);

}  // namespace codellama
