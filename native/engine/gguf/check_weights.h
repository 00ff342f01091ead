// Checks the tensors of a model file.
#pragma once

#include "engine/gguf/checker.h"

namespace codellama {

// Throws Error when a tensor of the file is not aligned for a memory map.
void CheckAlignment(const GgufChecker& checker);

// Throws Error for weights on which llama.cpp v0.5.0 or ggml would abort during inference.
// llama.cpp itself reports missing tensors and wrong shapes.
void CheckWeights(const GgufChecker& checker);

}  // namespace codellama
