#include "engine/gguf/check_sizes.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace codellama {
namespace {

constexpr uint32_t kLargest = std::numeric_limits<int32_t>::max();

// `part` must divide `whole`. Both are keys without the architecture's prefix. An empty `whole`
// means that `part` must only be at least `least`. From src/models/*.cpp. A missing part is allowed
// here: llama.cpp reports it.
struct Division {
  std::string_view architecture;
  std::string_view part;
  std::string_view whole;
  uint32_t least = 1;
};

constexpr std::array<Division, 28> kDivisions = {{
    {"rwkv6", "wkv.head_size", "embedding_length"},
    {"rwkv6qwen2", "wkv.head_size", "embedding_length"},
    {"rwkv7", "wkv.head_size", "embedding_length"},
    {"arwkv7", "wkv.head_size", "embedding_length"},
    {"mamba2", "ssm.time_step_rank", "ssm.inner_size"},
    {"mamba2", "ssm.group_count", "ssm.inner_size"},
    {"falcon-h1", "ssm.time_step_rank", "ssm.inner_size"},
    {"falcon-h1", "ssm.group_count", "ssm.inner_size"},
    {"granitehybrid", "ssm.time_step_rank", "ssm.inner_size"},
    {"granitehybrid", "ssm.group_count", "ssm.inner_size"},
    {"nemotron_h", "ssm.time_step_rank", "ssm.inner_size"},
    {"nemotron_h", "ssm.group_count", "ssm.inner_size"},
    {"nemotron_h_moe", "ssm.time_step_rank", "ssm.inner_size"},
    {"nemotron_h_moe", "ssm.group_count", "ssm.inner_size"},
    {"plamo2", "ssm.time_step_rank", "ssm.inner_size"},
    {"qwen3next", "ssm.time_step_rank", "ssm.inner_size"},
    {"qwen3next", "ssm.group_count", "ssm.time_step_rank"},
    {"qwen35", "ssm.time_step_rank", "ssm.inner_size"},
    {"qwen35", "ssm.group_count", "ssm.time_step_rank"},
    {"qwen35moe", "ssm.time_step_rank", "ssm.inner_size"},
    {"qwen35moe", "ssm.group_count", "ssm.time_step_rank"},
    {"qwen4exp", "ssm.time_step_rank", "ssm.inner_size"},
    {"qwen4exp", "ssm.group_count", "ssm.time_step_rank"},
    {"deepseek4", "attention.output_group_count", ""},
    {"grovemoe", "experts_per_group", "expert_count"},
    {"ernie4_5-moe", "interleave_moe_layer_step", ""},
    {"lfm2", "shortconv.l_cache", "", 2},
    {"lfm2moe", "shortconv.l_cache", "", 2},
}};

// Architectures that require experts: they divide by the number of experts used, or assert on it.
constexpr std::array<std::string_view, 14> kExpertArchitectures = {
    "qwen2moe",  "qwen3moe",    "qwen3vlmoe",   "qwen3next", "qwen35moe", "qwen4exp", "glm4moe",
    "llada-moe", "bailingmoe2", "smallthinker", "grovemoe",  "lfm2moe",   "mellum",   "rnd1",
};

void CheckDivision(const GgufChecker& checker, const Division& division) {
  const std::string part_key = checker.Key(division.part);
  if (!checker.Unsigned(part_key)) return;
  const uint32_t part = checker.Unsigned(part_key, division.least, kLargest);
  if (division.whole.empty()) return;
  const std::string whole_key = checker.Key(division.whole);
  const uint32_t whole = checker.Unsigned(whole_key).value_or(0);
  if (whole % part == 0) return;
  checker.Fail(part_key + " is " + std::to_string(part) + "; it must divide " + whole_key +
               ", which is " + std::to_string(whole));
}

void RequireExperts(const GgufChecker& checker, uint32_t layers) {
  checker.Unsigned(checker.Key("expert_count"), 1, kLargest);
  const std::string key = checker.Key("expert_used_count");
  const auto used = checker.PerLayer(key, layers);
  if (!used) checker.Fail(key + " is missing");
  for (const uint32_t count : *used) {
    if (count == 0) checker.Fail(key + " is 0; it must be at least 1");
  }
}

// RWKV 6 and 7 shift tokens twice per layer, or once with Qwen's feed-forward network. llama.cpp's
// default is two.
void CheckTokenShift(const GgufChecker& checker, const std::string& architecture) {
  const std::string key = checker.Key("token_shift_count");
  if (architecture == "rwkv6qwen2" || architecture == "arwkv7") checker.Unsigned(key, 1, 1);
  const bool is_plain = architecture == "rwkv6" || architecture == "rwkv7";
  if (is_plain && checker.Unsigned(key)) checker.Unsigned(key, 2, 2);
}

// Qwen3-VL adds image features to the rows of its first layers. The last layer must not be one of
// them: it has rows for output tokens only.
void CheckDeepstack(const GgufChecker& checker, const std::string& architecture, uint32_t layers) {
  if (architecture != "qwen3vl" && architecture != "qwen3vlmoe") return;
  const uint32_t extra = checker.Unsigned(checker.Key("nextn_predict_layers")).value_or(0);
  checker.Unsigned(checker.Key("n_deepstack_layers"), 0, std::max(layers, extra + 1) - extra - 1);
}

}  // namespace

void CheckSizes(const GgufChecker& checker, uint32_t layers) {
  const std::string architecture = checker.file().Architecture();
  CheckDeepstack(checker, architecture, layers);
  for (const Division& division : kDivisions) {
    if (division.architecture == architecture) CheckDivision(checker, division);
  }
  if (std::find(kExpertArchitectures.begin(), kExpertArchitectures.end(), architecture) !=
      kExpertArchitectures.end()) {
    RequireExperts(checker, layers);
  }
  CheckTokenShift(checker, architecture);
  if (architecture == "plamo2" && checker.Unsigned(checker.Key("ssm.group_count"))) {
    checker.Unsigned(checker.Key("ssm.group_count"), 0, 0);
  }
}

}  // namespace codellama
