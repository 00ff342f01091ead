// Spoils a GGUF file in one or a few places, at random.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "support/gguf_writer.h"

namespace codellama::test {

struct SpoiledFile {
  std::string bytes;
  std::string description;  // what was done, for the report
};

// `keys` are those to add.
SpoiledFile Spoil(GgufDraft draft, const std::vector<std::string>& keys, std::mt19937& random);

}  // namespace codellama::test
