// Finds the code points of a Unicode property, for \p{…} in regular expressions.
#pragma once

#include <optional>
#include <string_view>

#include "engine/regex/code_points.h"

namespace codellama {

// The code points of a property as ECMA-262 names it (section 22.2.1.3): a general category such as
// "Lu", "Letter" or "gc=L", a script such as "Script=Latin" or "sc=Latn", or a property such as
// "Alphabetic". Nullopt if the name is unknown, or a rare property that has no table.
std::optional<PointSet> CodePointsOf(std::string_view property);

}  // namespace codellama
