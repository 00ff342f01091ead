// Data types of the KV cache by their public names.
#pragma once

#include <string>

#include "ggml.h"

namespace codellama {

// Throws kInvalidArgument for an unknown name.
ggml_type ParseKvType(const std::string& name);

}  // namespace codellama
