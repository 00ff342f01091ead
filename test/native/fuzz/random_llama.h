// Models of the llama architecture that are whole and coherent, but of shapes nobody makes.
#pragma once

#include <random>

#include "support/gguf_writer.h"

namespace codellama::test {

GgufDraft RandomLlama(std::mt19937& random);

}  // namespace codellama::test
