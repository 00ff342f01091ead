#include "gguf_check_hyperparameters.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "gguf_text.h"

namespace codellama {
namespace {

constexpr uint32_t kMaxLayers = 512;    // LLAMA_MAX_LAYERS
constexpr uint32_t kMaxExperts = 1024;  // LLAMA_MAX_EXPERTS
constexpr uint32_t kLargest = std::numeric_limits<int32_t>::max();
constexpr uint32_t kLastPoolingType = 4;  // LLAMA_POOLING_TYPE_RANK

// Architectures whose graph asserts that RoPE turns whole attention heads, all of one length, and
// takes one number of heads for all layers. From src/models/*.cpp, the ones in wide use.
constexpr std::array<std::string_view, 36> kPlainArchitectures = {
    "llama",  "llama-embed", "mistral3",   "qwen2",       "qwen2moe", "qwen2vl",
    "qwen3",  "qwen3moe",    "qwen3vl",    "qwen3vlmoe",  "baichuan", "falcon",
    "grok",   "xverse",      "orion",      "internlm2",   "olmo",     "olmo2",
    "olmoe",  "exaone",      "starcoder2", "codeshell",   "deepseek", "dbrx",
    "arctic", "arcee",       "smollm3",    "seed_oss",    "ernie4_5", "ernie4_5-moe",
    "dream",  "llada",       "llada-moe",  "hunyuan-moe", "plamo",    "apertus",
};

// More architectures whose heads have one length for queries, keys and values.
constexpr std::array<std::string_view, 24> kEvenHeadArchitectures = {
    "gpt2",  "gptj",      "gptneox", "bloom",     "mpt",     "phi2",     "phi3",   "phimoe",
    "gemma", "gemma2",    "gemma3",  "starcoder", "refact",  "stablelm", "qwen",   "chatglm",
    "glm4",  "command-r", "cohere2", "nemotron",  "minicpm", "granite",  "llama4", "gpt-oss",
};

struct Hyperparameters {
  uint32_t layers = 0;
  uint32_t embedding_length = 0;
  std::vector<uint32_t> heads;
  std::vector<uint32_t> kv_heads;
};

uint32_t Largest(const std::vector<uint32_t>& numbers) {
  return *std::max_element(numbers.begin(), numbers.end());
}

// llama.cpp reads these for every architecture and stops at another type.
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
  // llama.cpp takes a single expert of these as none, whatever else they say.
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

void CheckRope(const GgufChecker& checker) {
  const std::string key = checker.Key("rope.scaling.type");
  const std::string_view type = checker.String(key).value_or("linear");
  for (const std::string_view known : {"none", "linear", "yarn", "longrope"}) {
    if (type == known) return;
  }
  checker.Fail(key + " is " + Quote(type) + "; it must be none, linear, yarn or longrope",
               ErrorCode::kModelUnsupported);
}

// Left alone where the type is wrong: llama.cpp stops at that, if the architecture has such a norm.
void CheckNormalisation(const GgufChecker& checker) {
  for (const char* name : {"attention.layer_norm_epsilon", "attention.layer_norm_rms_epsilon",
                           "attention.group_norm_epsilon"}) {
    const std::optional<double> epsilon = checker.file().Number(checker.Key(name));
    // Written so that NaN fails too.
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

void CheckHeadsOfLayer(const GgufChecker& checker, const Hyperparameters& model, uint32_t layer,
                       bool may_lack_kv_heads) {
  const std::string heads_key = checker.Key("attention.head_count");
  const std::string kv_heads_key = checker.Key("attention.head_count_kv");
  const std::string where = " of layer " + std::to_string(layer);
  const uint32_t heads = model.heads[layer];
  const uint32_t kv_heads = model.kv_heads[layer];
  if (heads == 0) checker.Fail(heads_key + where + " is 0; it must be at least 1");
  if (kv_heads == 0) {
    if (may_lack_kv_heads) return;
    checker.Fail(kv_heads_key + where + " is 0; it must be at least 1");
  }
  if (heads % kv_heads != 0) {
    checker.Fail(kv_heads_key + where + " is " + std::to_string(kv_heads) + "; it must divide " +
                 heads_key + ", which is " + std::to_string(heads));
  }
}

// Layers without attention may have no heads, and hybrid models mark their recurrent layers by
// having no heads for keys and values. Layers with attention need numbers that work.
void CheckHeads(const GgufChecker& checker, const Hyperparameters& model) {
  // llama.cpp looks for these tensors of Phi-3, but goes on without them.
  const bool is_phi3 = checker.file().Architecture() == "phi3" && !checker.file().tensors.empty();
  std::unordered_set<std::string_view> names;
  for (const GgufTensor& tensor : checker.file().tensors) names.insert(tensor.name);
  for (uint32_t i = 0; i < model.layers; ++i) {
    const std::string layer = "blk." + std::to_string(i) + ".";
    const bool has_queries = names.contains(layer + "attn_q.weight");
    const bool has_all = names.contains(layer + "attn_qkv.weight");
    const bool has_three = has_queries && names.contains(layer + "attn_k.weight") &&
                           names.contains(layer + "attn_v.weight");
    if (is_phi3 && !has_all && !has_three) {
      checker.Fail("tensor " + Quote(layer + "attn_qkv.weight") + " is missing");
    }
    if (has_queries || has_all) CheckHeadsOfLayer(checker, model, i, true);
  }
}

// A length that must be that of an attention head. Without the key, llama.cpp divides the width.
void CheckHeadLength(const GgufChecker& checker, std::string_view name, uint32_t head_length) {
  const std::optional<uint32_t> length = checker.Unsigned(checker.Key(name));
  if (!length || *length == head_length) return;
  checker.Fail(checker.Key(name) + " is " + std::to_string(*length) +
               "; it must be the length of an attention head, which is " +
               std::to_string(head_length));
}

// RoPE turns pairs of numbers inside a head. `suffix` is for layers with a sliding window.
void CheckRopeDimensions(const GgufChecker& checker, const Hyperparameters& model,
                         const std::string& suffix) {
  const std::string key = checker.Key("rope.dimension_count" + suffix);
  const std::optional<uint32_t> dimensions = checker.Unsigned(key);
  if (!dimensions || model.heads[0] == 0) return;
  const uint32_t head_length =
      checker.Unsigned(checker.Key("attention.key_length" + suffix))
          .value_or(checker.Unsigned(checker.Key("attention.key_length"))
                        .value_or(model.embedding_length / model.heads[0]));
  if (*dimensions % 2 == 0 && *dimensions <= head_length) return;
  checker.Fail(key + " is " + std::to_string(*dimensions) +
               "; it must be even and at most the length of an attention head, which is " +
               std::to_string(head_length));
}

// One length for the heads of queries, keys and values; returns it.
uint32_t CheckEvenHeads(const GgufChecker& checker, const Hyperparameters& model) {
  for (uint32_t i = 0; i < model.layers; ++i) CheckHeadsOfLayer(checker, model, i, false);
  const uint32_t heads = model.heads[0];
  const std::string heads_key = checker.Key("attention.head_count");
  const std::optional<uint32_t> key_length = checker.Unsigned(checker.Key("attention.key_length"));
  if (!key_length && model.embedding_length % heads != 0) {
    checker.Fail(checker.Key("embedding_length") + " is " + std::to_string(model.embedding_length) +
                 "; it must be a multiple of " + heads_key + ", which is " + std::to_string(heads));
  }
  const uint32_t head_length = key_length.value_or(model.embedding_length / heads);
  if (head_length == 0 || head_length > kLargest / heads) {
    checker.Fail(heads_key + " is " + std::to_string(heads) + " with a head length of " +
                 std::to_string(head_length) + "; that is too " +
                 (head_length == 0 ? "small" : "large"));
  }
  CheckHeadLength(checker, "attention.value_length", head_length);
  return head_length;
}

// llama.cpp takes layer 0's number for all weights, but each layer's own for the KV cache.
void CheckSameInAllLayers(const GgufChecker& checker, const std::string& key,
                          const std::vector<uint32_t>& numbers) {
  for (size_t i = 1; i < numbers.size(); ++i) {
    if (numbers[i] == numbers[0]) continue;
    checker.Fail(key + " is " + std::to_string(numbers[0]) + " for layer 0 and " +
                 std::to_string(numbers[i]) + " for layer " + std::to_string(i) +
                 "; this architecture needs the same for all layers");
  }
}

void CheckPlainHeads(const GgufChecker& checker, const Hyperparameters& model) {
  CheckSameInAllLayers(checker, checker.Key("attention.head_count"), model.heads);
  CheckSameInAllLayers(checker, checker.Key("attention.head_count_kv"), model.kv_heads);
  const uint32_t head_length = CheckEvenHeads(checker, model);
  if (head_length % 2 != 0) {
    checker.Fail("each attention head has a length of " + std::to_string(head_length) +
                 "; RoPE needs an even number");
  }
  CheckHeadLength(checker, "rope.dimension_count", head_length);
}

void CheckLlama(const GgufChecker& checker, const Hyperparameters& model) {
  const std::string widths_key = checker.Key("feed_forward_length");
  const auto widths = checker.PerLayer(widths_key, model.layers);
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
  if (output != 0 && output != model.embedding_length) {
    checker.Fail(output_key + " is " + std::to_string(output) + "; it must be " +
                 checker.Key("embedding_length") + ", which is " +
                 std::to_string(model.embedding_length));
  }
  const std::string used_key = checker.Key("expert_used_count");
  const auto used = checker.PerLayer(used_key, model.layers);
  if (used && Largest(*used) > 0) CheckSameInAllLayers(checker, used_key, *used);
  if (!checker.Float(checker.Key("attention.layer_norm_rms_epsilon"))) {
    checker.Fail(checker.Key("attention.layer_norm_rms_epsilon") + " is missing");
  }
}

}  // namespace

void CheckHyperparameters(const GgufChecker& checker) {
  CheckTypes(checker);
  Hyperparameters model;
  checker.Unsigned(checker.Key("context_length"), 1, kLargest);
  model.embedding_length = checker.Unsigned(checker.Key("embedding_length"), 1, kLargest);
  model.layers = checker.Unsigned(checker.Key("block_count"), 1, kMaxLayers);
  const std::string extra_key = checker.Key("nextn_predict_layers");
  if (checker.Unsigned(extra_key)) checker.Unsigned(extra_key, 0, model.layers);
  model.heads = checker.PerLayer(checker.Key("attention.head_count"), model.layers)
                    .value_or(std::vector<uint32_t>(model.layers, 0));
  model.kv_heads =
      checker.PerLayer(checker.Key("attention.head_count_kv"), model.layers).value_or(model.heads);
  checker.PerLayer(checker.Key("feed_forward_length"), model.layers);
  CheckExperts(checker, model.layers);
  CheckRope(checker);
  CheckNormalisation(checker);
  CheckPooling(checker);
  CheckHeads(checker, model);
  const std::string architecture = checker.file().Architecture();
  const auto is_among = [&](const auto& names) {
    return std::find(names.begin(), names.end(), architecture) != names.end();
  };
  if (is_among(kPlainArchitectures)) CheckPlainHeads(checker, model);
  if (is_among(kEvenHeadArchitectures)) CheckEvenHeads(checker, model);
  for (const char* suffix : {"", "_swa"}) CheckRopeDimensions(checker, model, suffix);
  if (architecture == "llama") CheckLlama(checker, model);
}

}  // namespace codellama
