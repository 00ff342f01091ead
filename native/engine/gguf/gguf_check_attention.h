// The heads of a model's attention and how RoPE turns them.
#pragma once

#include <cstdint>

#include "engine/gguf/gguf_checker.h"

namespace codellama {

// Checks what the graphs of llama.cpp v0.5.0 (src/models/*.cpp) and ggml's RoPE assert on.
void CheckAttention(const GgufChecker& checker, uint32_t layers, uint32_t embedding_length);

}  // namespace codellama
