// The tensors that a model's file holds.
#pragma once

#include "engine/gguf/gguf_checker.h"

namespace codellama {

// Checks where the tensors of one file lie.
void CheckAlignment(const GgufChecker& checker);

// Checks what llama.cpp v0.5.0 and ggml assert on when they compute with the weights. Missing
// tensors and wrong shapes are not among it: llama.cpp reports those.
void CheckWeights(const GgufChecker& checker);

}  // namespace codellama
