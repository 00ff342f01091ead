#include "engine/gguf/check_hyperparameters.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "engine/gguf/check_attention.h"
#include "engine/gguf/check_sizes.h"

namespace codellama {
namespace {

constexpr uint32_t kMaxLayers = 512;    // LLAMA_MAX_LAYERS
constexpr uint32_t kMaxExperts = 1024;  // LLAMA_MAX_EXPERTS
constexpr uint32_t kLargest = std::numeric_limits<int32_t>::max();
constexpr uint32_t kLastPoolingType = 4;  // LLAMA_POOLING_TYPE_RANK

uint32_t Largest(const std::vector<uint32_t>& numbers) {
  return *std::max_element(numbers.begin(), numbers.end());
}

// llama.cpp reads these keys for every architecture and fails on another type.
void CheckTypes(const GgufChecker& checker) {
  for (const char* name :
       {"vocab_size", "embedding_length_out", "attention.key_length", "attention.value_length",
        "attention.key_length_swa", "attention.value_length_swa", "rope.dimension_count",
        "rope.dimension_count_swa", "rope.scaling.original_context_length"}) {
    checker.Unsigned(checker.Key(name));
  }
  for (const char* name : {"rope.freq_base", "rope.scale_linear", "rope.scaling.factor",
                           "rope.scaling.attn_factor", "rope.scaling.alpha"}) {
    checker.Float(checker.Key(name));
  }
  checker.Bool(checker.Key("attention.causal"));
  checker.Bool(checker.Key("rope.scaling.finetuned"));
  checker.String("general.name");
  checker.Unsigned("general.file_type");
}

void CheckExperts(const GgufChecker& checker, uint32_t layers) {
  const std::string count_key = checker.Key("expert_count");
  const std::string used_key = checker.Key("expert_used_count");
  const std::string groups_key = checker.Key("expert_group_count");
  const std::string groups_used_key = checker.Key("expert_group_used_count");
  const uint32_t experts =
      checker.Unsigned(count_key) ? checker.Unsigned(count_key, 0, kMaxExperts) : 0;
  const auto used = checker.PerLayer(used_key, layers).value_or(std::vector<uint32_t>(layers, 0));
  const uint32_t groups = checker.Unsigned(groups_key).value_or(0);
  const uint32_t groups_used = checker.Unsigned(groups_used_key).value_or(0);
  // For these, llama.cpp ignores the other expert keys when there is at most one expert.
  const std::string architecture = checker.file().Architecture();
  const bool is_hunyuan = architecture == "hunyuan_vl" || architecture == "hunyuan-dense";
  if (is_hunyuan && experts <= 1) return;

  if (Largest(used) > experts) {
    checker.Fail(used_key + " is " + std::to_string(Largest(used)) + "; it must be at most " +
                 count_key + ", which is " + std::to_string(experts));
  }
  if (experts == 0) {
    if (groups > 0) checker.Fail(groups_key + " is set, but " + count_key + " is 0");
    return;
  }
  if (Largest(used) == 0) checker.Fail(used_key + " is 0; it must be at least 1");
  if (groups >= experts) {
    checker.Fail(groups_key + " is " + std::to_string(groups) + "; it must be less than " +
                 count_key + ", which is " + std::to_string(experts));
  }
  if (groups <= 1) return;
  if (experts % groups != 0) {
    checker.Fail(groups_key + " is " + std::to_string(groups) + "; it must divide " + count_key +
                 ", which is " + std::to_string(experts));
  }
  if (groups_used == 0 || groups_used >= groups) {
    checker.Fail(groups_used_key + " is " + std::to_string(groups_used) +
                 "; it must be at least 1 and less than " + groups_key + ", which is " +
                 std::to_string(groups));
  }
}

// A wrong type passes: llama.cpp reports it when the architecture has such a norm.
void CheckNormalisation(const GgufChecker& checker) {
  for (const char* name : {"attention.layer_norm_epsilon", "attention.layer_norm_rms_epsilon",
                           "attention.group_norm_epsilon"}) {
    const std::optional<double> epsilon = checker.file().Number(checker.Key(name));
    // NaN fails this comparison too.
    if (!epsilon || *epsilon >= 0) continue;
    checker.Fail(checker.Key(name) + " is " + std::to_string(*epsilon) + "; it must be at least 0");
  }
}

void CheckPooling(const GgufChecker& checker) {
  const std::string key = checker.Key("pooling_type");
  const std::optional<uint32_t> type = checker.Unsigned(key);
  if (!type || *type <= kLastPoolingType || *type == std::numeric_limits<uint32_t>::max()) return;
  checker.Fail(key + " is " + std::to_string(*type) + "; it must be at most " +
               std::to_string(kLastPoolingType));
}

void CheckLlama(const GgufChecker& checker, uint32_t layers, uint32_t embedding_length) {
  const std::string widths_key = checker.Key("feed_forward_length");
  const auto widths = checker.PerLayer(widths_key, layers);
  if (!widths) checker.Fail(widths_key + " is missing");
  for (const uint32_t width : *widths) {
    if (width == 0) checker.Fail(widths_key + " is 0; it must be at least 1");
  }
  const std::string extra_key = checker.Key("nextn_predict_layers");
  if (checker.Unsigned(extra_key).value_or(0) > 0) {
    checker.Fail(extra_key + " is set; the llama architecture has no such layers");
  }
  const std::string output_key = checker.Key("embedding_length_out");
  const uint32_t output = checker.Unsigned(output_key).value_or(0);
  if (output != 0 && output != embedding_length) {
    checker.Fail(output_key + " is " + std::to_string(output) + "; it must be " +
                 checker.Key("embedding_length") + ", which is " +
                 std::to_string(embedding_length));
  }
  const std::string used_key = checker.Key("expert_used_count");
  const auto used = checker.PerLayer(used_key, layers);
  if (used) checker.RequireSameInAllLayers(used_key, *used);
  if (!checker.Float(checker.Key("attention.layer_norm_rms_epsilon"))) {
    checker.Fail(checker.Key("attention.layer_norm_rms_epsilon") + " is missing");
  }
}

}  // namespace

void CheckHyperparameters(const GgufChecker& checker) {
  CheckTypes(checker);
  checker.Unsigned(checker.Key("context_length"), 1, kLargest);
  const uint32_t embedding_length = checker.Unsigned(checker.Key("embedding_length"), 1, kLargest);
  const uint32_t layers = checker.Unsigned(checker.Key("block_count"), 1, kMaxLayers);
  const std::string extra_key = checker.Key("nextn_predict_layers");
  if (checker.Unsigned(extra_key)) checker.Unsigned(extra_key, 0, layers);
  checker.PerLayer(checker.Key("feed_forward_length"), layers);
  CheckExperts(checker, layers);
  CheckSizes(checker, layers);
  CheckNormalisation(checker);
  CheckPooling(checker);
  CheckAttention(checker, layers, embedding_length);
  if (checker.file().Architecture() == "llama") CheckLlama(checker, layers, embedding_length);
}

}  // namespace codellama
