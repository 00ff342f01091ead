// Parses a pattern to a syntax tree.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "unit_set.h"

namespace codellama {

struct PatternNode {
  enum class Kind { kUnit, kSequence, kChoice, kRepeat, kLook, kEnd };

  Kind kind = Kind::kSequence;
  std::vector<PatternNode> children;
  UnitSet set;         // kUnit only
  uint32_t least = 1;  // kRepeat only, like `most`
  uint32_t most = 1;
  bool is_negative = false;  // kLook only
};

// Throws std::runtime_error for syntax outside the supported part.
PatternNode ParsePattern(const std::u32string& text);

}  // namespace codellama
