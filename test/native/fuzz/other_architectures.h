// Small models of other architectures than llama's that llama.cpp loads and runs.
#pragma once

#include <utility>
#include <vector>

#include "support/gguf_writer.h"

namespace codellama::test {

// Each with the name of its architecture.
std::vector<std::pair<std::string, GgufDraft>> OtherArchitectures();

}  // namespace codellama::test
