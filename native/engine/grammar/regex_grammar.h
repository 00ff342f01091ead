// Compiles a regular expression to a grammar.
#pragma once

#include <atomic>
#include <memory>
#include <string_view>

#include "engine/grammar/grammar.h"
#include "engine/regex/regex.h"

namespace codellama {

// The expression matches every text of the grammar from the first to the last character. Throws
// kInvalidGrammar if ParseRegex() refuses the pattern, if the automaton needs too many states, or
// if no text matches. Another thread sets `stop` to cancel: the function then throws kAborted. Null
// = it cannot be cancelled.
std::shared_ptr<const Grammar> CompileRegex(std::string_view pattern, const RegexFlags& flags,
                                            const std::atomic<bool>* stop = nullptr);

}  // namespace codellama
