// Rotary positions as the caller wants them, beyond what the model was trained with.
#pragma once

#include "engine/base/options.h"
#include "engine/llama/model.h"

struct llama_context_params;

namespace codellama {

// Puts the options into `params`. Throws kInvalidArgument for what the model cannot take.
void SetRope(const RopeOptions& options, const Model& model, llama_context_params* params);

}  // namespace codellama
