// Searches a grammar for dead ends: states that the machine can reach, and from which no text of
// the grammar can be completed. A model that gets there could not write anything.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "engine/grammar/grammar.h"

namespace codellama {

// The shortest found bytes that lead to a dead end, counted from the start of the innermost rule.
// Nullopt if there is no dead end, or if the machine has more than `limit` states.
std::optional<std::string> FindDeadEnd(const Grammar& grammar, size_t limit);

}  // namespace codellama
