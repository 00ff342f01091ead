// Valid llama models with unusual shapes.
#pragma once

#include <random>

#include "support/gguf_writer.h"

namespace codellama::test {

GgufDraft RandomLlama(std::mt19937& random);

}  // namespace codellama::test
