// Small models of several kinds, to be spoiled by gguf_fuzz.
#pragma once

#include <string>
#include <vector>

#include "support/gguf_writer.h"

namespace codellama::test {

struct TestModel {
  std::string name;
  GgufDraft draft;
  bool vocabulary_only = false;
  bool has_adapter = false;  // TinyAdapter fits
  std::string file = "";     // instead of `draft`, for large ones
};

std::vector<TestModel> TestModels();

}  // namespace codellama::test
