// The tokenizer that a file carries: its pieces, their kinds, the special ones.
#pragma once

#include "engine/gguf/gguf_checker.h"

namespace codellama {

// Checks what llama.cpp v0.5.0 asserts on, or never returns from, in src/llama-vocab.cpp.
void CheckVocabulary(const GgufChecker& checker);

}  // namespace codellama
