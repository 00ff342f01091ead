// Models that are split into several files: name-00001-of-00003.gguf and so on.
#pragma once

#include <string>
#include <vector>

#include "engine/gguf/checker.h"

namespace codellama {

// The headers of the second and later parts of a split model. Empty for a model of one file. Throws
// Error when the checker's file is not the first part, or when a part is missing or wrong.
std::vector<GgufFile> ReadOtherParts(const GgufChecker& checker, const std::string& path);

}  // namespace codellama
