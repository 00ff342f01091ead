// The numbers that shape a model: layers, heads, widths, experts, RoPE.
#pragma once

#include "gguf_checker.h"

namespace codellama {

// Checks what llama.cpp v0.5.0 asserts on in llama_model_base::load_hparams
// (src/llama-model.cpp) and, for the llama architecture, in src/models/llama.cpp.
void CheckHyperparameters(const GgufChecker& checker);

}  // namespace codellama
