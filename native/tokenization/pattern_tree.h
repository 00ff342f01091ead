// The syntax tree of a pattern.
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
  UnitSet set;         // of a kUnit
  uint32_t least = 1;  // of a kRepeat
  uint32_t most = 1;
  bool is_negative = false;  // of a kLook
};

// Throws std::runtime_error for syntax outside the supported part.
PatternNode ParsePattern(const std::u32string& text);

}  // namespace codellama
