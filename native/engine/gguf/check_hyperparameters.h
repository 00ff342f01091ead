// Checks the hyperparameters of a model: layers, widths, experts.
#pragma once

#include "engine/gguf/checker.h"

namespace codellama {

// Throws Error for values on which llama.cpp v0.5.0 would abort in llama_model_base::load_hparams
// (src/llama-model.cpp), or later because of these values.
void CheckHyperparameters(const GgufChecker& checker);

}  // namespace codellama
