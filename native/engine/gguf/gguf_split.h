// Models that are split over several files, name-00001-of-00003.gguf and so on.
#pragma once

#include <string>
#include <vector>

#include "engine/gguf/gguf_checker.h"

namespace codellama {

// The header of this file and, when it is the first part of a split model, of all other parts.
// Throws Error when a part is missing, is none, or when the file is not the first part.
std::vector<GgufFile> ReadOtherParts(const GgufChecker& checker, const std::string& path);

}  // namespace codellama
