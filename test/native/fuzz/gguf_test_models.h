// Small models of several kinds, which gguf_fuzz changes.
#pragma once

#include <string>
#include <vector>

#include "support/gguf_writer.h"

namespace codellama::test {

struct TestModel {
  std::string name;
  GgufDraft draft;
  bool vocabulary_only = false;
  bool has_adapter = false;  // TinyAdapter fits this model
  std::string file = "";     // replaces `draft` for large models
};

std::vector<TestModel> TestModels();

}  // namespace codellama::test
