// Checks the tokenizer of a model file: its tokens, their types, the special tokens.
#pragma once

#include "engine/gguf/checker.h"

namespace codellama {

// Throws Error for values on which llama.cpp v0.5.0 (src/llama-vocab.cpp) would abort or never
// return.
void CheckVocabulary(const GgufChecker& checker);

}  // namespace codellama
