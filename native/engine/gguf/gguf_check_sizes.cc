#include "engine/gguf/gguf_check_sizes.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace codellama {
namespace {

constexpr uint32_t kLargest = std::numeric_limits<int32_t>::max();

// Keys without the architecture's name. The part must divide the whole; without a whole it must
// only be there. From src/models/*.cpp. llama.cpp itself refuses a file that lacks a part.
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

// Architectures that divide by the number of experts used, or assert that there are some.
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

void CheckExpertsThere(const GgufChecker& checker, uint32_t layers) {
  checker.Unsigned(checker.Key("expert_count"), 1, kLargest);
  const std::string key = checker.Key("expert_used_count");
  const auto used = checker.PerLayer(key, layers);
  if (!used) checker.Fail(key + " is missing");
  for (const uint32_t count : *used) {
    if (count == 0) checker.Fail(key + " is 0; it must be at least 1");
  }
}

// RWKV 6 and 7 shift twice in a layer, and once with Qwen's feed-forward part. llama.cpp takes two
// where the key is missing.
void CheckTokenShift(const GgufChecker& checker, const std::string& architecture) {
  const std::string key = checker.Key("token_shift_count");
  if (architecture == "rwkv6qwen2" || architecture == "arwkv7") checker.Unsigned(key, 1, 1);
  const bool is_plain = architecture == "rwkv6" || architecture == "rwkv7";
  if (is_plain && checker.Unsigned(key)) checker.Unsigned(key, 2, 2);
}

// Qwen3-VL adds a picture's features to the rows of its first layers. The last layer must not be
// among them: it has the rows of output tokens only.
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
    CheckExpertsThere(checker, layers);
  }
  CheckTokenShift(checker, architecture);
  if (architecture == "plamo2" && checker.Unsigned(checker.Key("ssm.group_count"))) {
    checker.Unsigned(checker.Key("ssm.group_count"), 0, 0);
  }
}

}  // namespace codellama
