// Checks the sizes that llama.cpp divides by, and the sizes that an architecture requires. A
// division by zero would end the process with a signal, which nothing can catch.
#pragma once

#include <cstdint>

#include "engine/gguf/checker.h"

namespace codellama {

void CheckSizes(const GgufChecker& checker, uint32_t layers);

}  // namespace codellama
