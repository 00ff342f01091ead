// Changes a GGUF file at random in one or a few places.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "support/gguf_writer.h"

namespace codellama::test {

struct MutatedFile {
  std::string bytes;
  std::string description;  // of the change, for the report
};

// `keys` lists keys that a change may add.
MutatedFile Mutate(GgufDraft draft, const std::vector<std::string>& keys, std::mt19937& random);

}  // namespace codellama::test
