// Rotary position settings of a context, which may extend the trained context.
#pragma once

#include "engine/base/options.h"
#include "engine/llama/model.h"

struct llama_context_params;

namespace codellama {

// Writes the options to `params`. Throws kInvalidArgument for values that the model does not
// support.
void SetRope(const RopeOptions& options, const Model& model, llama_context_params* params);

}  // namespace codellama
