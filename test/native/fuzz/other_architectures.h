// Small models of architectures other than llama that llama.cpp loads and runs.
#pragma once

#include <utility>
#include <vector>

#include "support/gguf_writer.h"

namespace codellama::test {

// Pairs of an architecture and a model.
std::vector<std::pair<std::string, GgufDraft>> OtherArchitectures();

}  // namespace codellama::test
