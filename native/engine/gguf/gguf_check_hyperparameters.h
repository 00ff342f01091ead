// The numbers that shape a model: layers, widths, experts.
#pragma once

#include "engine/gguf/gguf_checker.h"

namespace codellama {

// Checks what llama.cpp v0.5.0 asserts on in llama_model_base::load_hparams
// (src/llama-model.cpp) and in what follows from those numbers.
void CheckHyperparameters(const GgufChecker& checker);

}  // namespace codellama
