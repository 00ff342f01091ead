// The types that keys and values are stored in, by their public names.
#pragma once

#include <string>

#include "ggml.h"

namespace codellama {

// Throws kInvalidArgument.
ggml_type ParseKvType(const std::string& name);

}  // namespace codellama
