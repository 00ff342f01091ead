// Checks the attention heads of a model and their RoPE settings.
#pragma once

#include <cstdint>

#include "engine/gguf/checker.h"

namespace codellama {

// Throws Error for values on which llama.cpp v0.5.0 (src/models/*.cpp) or ggml's RoPE would abort.
void CheckAttention(const GgufChecker& checker, uint32_t layers, uint32_t embedding_length);

}  // namespace codellama
