#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "engine/gguf/check_hyperparameters.h"
#include "engine/gguf/check_vocabulary.h"
#include "engine/gguf/check_weights.h"
#include "engine/gguf/checker.h"
#include "engine/gguf/gguf_file.h"
#include "engine/gguf/gguf_text.h"
#include "engine/gguf/split_model.h"

namespace codellama {
namespace {

// llama.cpp compares the name up to a NUL character, but we compare the whole name. So NUL is
// refused.
void CheckArchitecture(const GgufChecker& checker) {
  constexpr char kKey[] = "general.architecture";
  if (!checker.String(kKey)) checker.Fail(std::string(kKey) + " is missing");
  const std::string architecture = checker.file().Architecture();
  if (architecture.empty() || !IsPlainUtf8(architecture)) {
    checker.Fail(std::string(kKey) + " is " + Quote(architecture) + "; it must be a name");
  }
  if (architecture == "clip") {
    checker.Fail("this is a multimodal projector, not a language model",
                 ErrorCode::kModelUnsupported);
  }
  if (checker.String("general.type") == "adapter") {
    checker.Fail("this is an adapter, not a model; load it on top of one",
                 ErrorCode::kModelUnsupported);
  }
}

// Bidirectional models need the whole text in one batch. llama.cpp aborts when a batch holds a
// part.
void CheckCausal(const GgufChecker& checker) {
  constexpr std::string_view kBidirectional[] = {
      "bert",       "jina-bert-v2",   "jina-bert-v3",
      "nomic-bert", "nomic-bert-moe", "modern-bert",
      "neo-bert",   "eurobert",       "gemma-embedding",
      "t5encoder",  "dream",          "llada",
      "llada-moe",  "rnd1",           "wavtokenizer-dec",
  };
  const std::string architecture = checker.file().Architecture();
  const bool is_known = std::find(std::begin(kBidirectional), std::end(kBidirectional),
                                  architecture) != std::end(kBidirectional);
  if (!is_known && checker.Bool(checker.Key("attention.causal")).value_or(true)) return;
  checker.Fail("this model reads text in both directions and cannot generate text",
               ErrorCode::kModelUnsupported);
}

// Calls `check` with the whole model: a split model becomes one file with the tensors of all parts.
template <typename Check>
void WithAllParts(const GgufFile& file, const std::string& path, const Check& check) {
  const GgufChecker first(file, path);
  const std::vector<GgufFile> others = ReadOtherParts(first, path);
  CheckArchitecture(first);
  CheckAlignment(first);
  if (others.empty()) return check(first);
  GgufFile whole = file;
  for (const GgufFile& other : others) {
    CheckAlignment(GgufChecker(other, path));
    whole.tensors.insert(whole.tensors.end(), other.tensors.begin(), other.tensors.end());
  }
  check(GgufChecker(whole, path));
}

}  // namespace

void CheckModel(const GgufFile& file, const std::string& path) {
  WithAllParts(file, path, [](const GgufChecker& checker) {
    CheckCausal(checker);
    CheckHyperparameters(checker);
    CheckVocabulary(checker);
    CheckWeights(checker);
  });
}

void CheckVocabularyOnly(const GgufFile& file, const std::string& path) {
  WithAllParts(file, path, [](const GgufChecker& checker) { CheckVocabulary(checker); });
}

}  // namespace codellama
