// Characters that differ only in case, for the flag i of regular expressions
// (ECMA-262, 22.2.2.7.3).
#pragma once

#include "engine/regex/code_points.h"

namespace codellama {

// The set with all characters that equal one of its members when case is ignored.
PointSet WithAllCases(const PointSet& set);

}  // namespace codellama
