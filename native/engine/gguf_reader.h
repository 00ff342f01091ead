// Reads the header of a GGUF file, trusting nothing in it.
#pragma once

#include <string>

#include "gguf_file.h"

namespace codellama {

// Reads the header of the GGUF file at `path` (UTF-8) and checks that everything in it is well
// formed and lies inside the file. Throws Error: MODEL_NOT_FOUND when it cannot be opened,
// MODEL_UNSUPPORTED for other versions and byte orders, MODEL_INVALID for all else.
GgufFile ReadGguf(const std::string& path);

}  // namespace codellama
