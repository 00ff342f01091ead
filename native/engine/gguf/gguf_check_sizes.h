// Checks of the sizes that llama.cpp divides by, and of those that an architecture cannot lack: a
// zero ends the process there by a signal, which nothing can catch.
#pragma once

#include <cstdint>

#include "engine/gguf/gguf_checker.h"

namespace codellama {

void CheckSizes(const GgufChecker& checker, uint32_t layers);

}  // namespace codellama
