#include "engine/gguf/check_attention.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "engine/gguf/gguf_text.h"

namespace codellama {
namespace {

constexpr uint32_t kLargest = std::numeric_limits<int32_t>::max();

// Architectures whose graph asserts that RoPE rotates whole heads of one length, with the same
// number of heads in all layers. From src/models/*.cpp.
constexpr std::array<std::string_view, 52> kPlainArchitectures = {
    "llama",     "llama-embed",    "mistral3",     "qwen2",         "qwen2moe",   "qwen2vl",
    "qwen3",     "qwen3moe",       "qwen3vl",      "qwen3vlmoe",    "baichuan",   "falcon",
    "grok",      "xverse",         "orion",        "internlm2",     "olmo",       "olmo2",
    "olmoe",     "exaone",         "exaone4",      "exaone-moe",    "starcoder2", "codeshell",
    "deepseek",  "dbrx",           "arctic",       "arcee",         "smollm3",    "seed_oss",
    "ernie4_5",  "ernie4_5-moe",   "hunyuan-moe",  "hunyuan-dense", "hunyuan_vl", "plamo",
    "apertus",   "cogvlm",         "chameleon",    "cohere2moe",    "dots1",      "grovemoe",
    "hy_v3",     "jais2",          "llama4",       "maincoder",     "mellum",     "nemotron",
    "paddleocr", "pangu-embedded", "smallthinker", "talkie",
};

// More architectures where the heads of queries, keys and values have the same length.
constexpr std::array<std::string_view, 35> kEvenHeadArchitectures = {
    "gpt2",    "gptj",       "gptneox",      "bloom",     "mpt",         "phi2",      "phi3",
    "phimoe",  "gemma",      "gemma2",       "gemma3",    "starcoder",   "refact",    "stablelm",
    "qwen",    "chatglm",    "glm4",         "glm4moe",   "command-r",   "cohere2",   "minicpm",
    "granite", "granitemoe", "gpt-oss",      "afmoe",     "bailingmoe2", "bitnet",    "jais",
    "maple",   "minimax-m3", "muse-glimmer", "qwen3next", "qwen35",      "qwen35moe", "qwen4exp",
};

// Architectures with multimodal RoPE, whose positions have several parts.
constexpr std::array<std::string_view, 8> kMultimodalRopeArchitectures = {
    "qwen2vl", "paddleocr", "qwen3vl", "qwen3vlmoe", "qwen35", "qwen35moe", "qwen4exp", "qwen3tts",
};

template <typename Names>
bool IsAmong(const Names& names, std::string_view architecture) {
  return std::find(names.begin(), names.end(), architecture) != names.end();
}

struct Heads {
  uint32_t layers = 0;
  uint32_t embedding_length = 0;
  std::vector<uint32_t> heads;
  std::vector<uint32_t> kv_heads;
};

void CheckRopeType(const GgufChecker& checker) {
  const std::string key = checker.Key("rope.scaling.type");
  const std::string_view type = checker.String(key).value_or("linear");
  for (const std::string_view known : {"none", "linear", "yarn", "longrope"}) {
    if (type == known) return;
  }
  checker.Fail(key + " is " + Quote(type) + "; it must be none, linear, yarn or longrope",
               ErrorCode::kModelUnsupported);
}

void CheckHeadsOfLayer(const GgufChecker& checker, const Heads& model, uint32_t layer,
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

// Layers without attention may have 0 heads. Hybrid models mark recurrent layers with 0 KV heads.
// Layers with attention need valid numbers of heads.
void CheckHeads(const GgufChecker& checker, const Heads& model) {
  // llama.cpp treats these tensors of Phi-3 as optional and later uses them unchecked.
  const bool is_phi3 = checker.file().Architecture() == "phi3" && !checker.file().tensors.empty();
  std::unordered_set<std::string_view> names;
  std::unordered_set<std::string_view> recurrent_layers;  // "blk.0"
  for (const GgufTensor& tensor : checker.file().tensors) {
    names.insert(tensor.name);
    const size_t end = tensor.name.find(".ssm_");
    if (end != std::string::npos) {
      recurrent_layers.insert(std::string_view(tensor.name).substr(0, end));
    }
  }
  for (uint32_t i = 0; i < model.layers; ++i) {
    const std::string layer = "blk." + std::to_string(i) + ".";
    // Linear attention also has query tensors, but 0 attention heads.
    const bool is_recurrent = recurrent_layers.contains("blk." + std::to_string(i));
    if (is_recurrent && model.heads[i] == 0) continue;
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

// llama.cpp's head length for layer 0. 0 when layer 0 has no heads.
uint32_t HeadLength(const GgufChecker& checker, const Heads& model) {
  if (model.heads[0] == 0) return 0;
  return checker.Unsigned(checker.Key("attention.key_length"))
      .value_or(model.embedding_length / model.heads[0]);
}

// RoPE rotates pairs of elements inside a head. The suffix "_swa" selects the keys of layers with a
// sliding window.
void CheckRopeDimensions(const GgufChecker& checker, const Heads& model,
                         const std::string& suffix) {
  const std::string key = checker.Key("rope.dimension_count" + suffix);
  const std::optional<uint32_t> dimensions = checker.Unsigned(key);
  if (!dimensions || model.heads[0] == 0) return;
  const uint32_t head_length = checker.Unsigned(checker.Key("attention.key_length" + suffix))
                                   .value_or(HeadLength(checker, model));
  if (*dimensions >= 2 && *dimensions % 2 == 0 && *dimensions <= head_length) return;
  checker.Fail(key + " is " + std::to_string(*dimensions) +
               "; it must be even, at least 2 and at most the length of an attention head, which " +
               "is " + std::to_string(head_length));
}

// Multimodal RoPE divides a head among positions in time, height and width.
void CheckRopeSections(const GgufChecker& checker, const Heads& model) {
  const std::string key = checker.Key("rope.dimension_sections");
  const GgufValue* sections = checker.file().Find(key);
  const bool is_needed = IsAmong(kMultimodalRopeArchitectures, checker.file().Architecture());
  if (!sections && is_needed) checker.Fail(key + " is missing");
  if (!sections || !sections->is_array() || !sections->IsInteger()) return;
  int64_t sum = 0;
  for (size_t i = 0; i < std::min<size_t>(sections->size(), 4); ++i) {
    const int64_t section = sections->IntegerAt(i);
    if (section < 0 || section > kLargest) {
      checker.Fail(key + " holds " + std::to_string(section) + "; it must be at least 0");
    }
    sum += section;
  }
  const uint32_t head_length = HeadLength(checker, model);
  // For other architectures, zeros mean plain RoPE.
  const int64_t least = is_needed ? 1 : 0;
  if (sum >= least && sum <= head_length) return;
  checker.Fail(key + " adds up to " + std::to_string(sum) + "; it must be at least " +
               std::to_string(least) + " and at most the length of an attention head, which is " +
               std::to_string(head_length));
}

// llama.cpp asserts that a model with a sliding window has layers that use it, and that dots3note
// also has layers that do not.
void CheckSlidingWindow(const GgufChecker& checker, const Heads& model) {
  const std::string key = checker.Key("attention.sliding_window_pattern");
  const GgufValue* pattern = checker.file().Find(key);
  const auto window = checker.file().Integer(checker.Key("attention.sliding_window"));
  if (!pattern || window.value_or(0) <= 0) return;
  // A number n means that every n-th layer has no window. An array holds one flag per layer.
  bool has_layers = !pattern->is_array() && pattern->IntegerAt(0) != 1;
  bool has_others = checker.file().Architecture() != "dots3note";
  for (size_t i = 0; pattern->is_array() && i < model.layers; ++i) {
    const bool has_window = pattern->IntegerAt(i) != 0;
    has_layers = has_layers || has_window;
    has_others = has_others || !has_window;
  }
  if (!has_layers) checker.Fail(key + " leaves no layer with the sliding window");
  if (!has_others) checker.Fail(key + " leaves no layer without the sliding window");
}

// Requires the same head length for queries, keys and values. Returns it.
uint32_t CheckEvenHeads(const GgufChecker& checker, const Heads& model) {
  for (uint32_t i = 0; i < model.layers; ++i) CheckHeadsOfLayer(checker, model, i, false);
  const uint32_t heads = model.heads[0];
  const std::string heads_key = checker.Key("attention.head_count");
  const std::optional<uint32_t> value_length =
      checker.Unsigned(checker.Key("attention.value_length"));
  const bool has_both = checker.Unsigned(checker.Key("attention.key_length")) && value_length;
  if (!has_both && model.embedding_length % heads != 0) {
    checker.Fail(checker.Key("embedding_length") + " is " + std::to_string(model.embedding_length) +
                 "; it must be a multiple of " + heads_key + ", which is " + std::to_string(heads));
  }
  const uint32_t head_length = HeadLength(checker, model);
  if (head_length == 0 || head_length > kLargest / heads) {
    checker.Fail(heads_key + " is " + std::to_string(heads) + " with a head length of " +
                 std::to_string(head_length) + "; that is too " +
                 (head_length == 0 ? "small" : "large"));
  }
  if (value_length.value_or(model.embedding_length / heads) != head_length) {
    checker.Fail("the attention heads have a length of " + std::to_string(head_length) +
                 " for keys and of " +
                 std::to_string(value_length.value_or(model.embedding_length / heads)) +
                 " for values; they must be equal");
  }
  return head_length;
}

void CheckPlainHeads(const GgufChecker& checker, const Heads& model) {
  checker.RequireSameInAllLayers(checker.Key("attention.head_count"), model.heads);
  checker.RequireSameInAllLayers(checker.Key("attention.head_count_kv"), model.kv_heads);
  const uint32_t head_length = CheckEvenHeads(checker, model);
  if (head_length % 2 != 0) {
    checker.Fail("each attention head has a length of " + std::to_string(head_length) +
                 "; RoPE needs an even number");
  }
  const std::string key = checker.Key("rope.dimension_count");
  const uint32_t dimensions = checker.Unsigned(key).value_or(head_length);
  if (dimensions == head_length) return;
  checker.Fail(key + " is " + std::to_string(dimensions) +
               "; it must be the length of an attention head, which is " +
               std::to_string(head_length));
}

}  // namespace

void CheckAttention(const GgufChecker& checker, uint32_t layers, uint32_t embedding_length) {
  Heads model;
  model.layers = layers;
  model.embedding_length = embedding_length;
  model.heads = checker.PerLayer(checker.Key("attention.head_count"), layers)
                    .value_or(std::vector<uint32_t>(layers, 0));
  model.kv_heads =
      checker.PerLayer(checker.Key("attention.head_count_kv"), layers).value_or(model.heads);
  CheckHeads(checker, model);
  const std::string architecture = checker.file().Architecture();
  if (IsAmong(kPlainArchitectures, architecture)) CheckPlainHeads(checker, model);
  if (IsAmong(kEvenHeadArchitectures, architecture)) CheckEvenHeads(checker, model);
  CheckRopeType(checker);
  for (const char* suffix : {"", "_swa"}) CheckRopeDimensions(checker, model, suffix);
  CheckRopeSections(checker, model);
  CheckSlidingWindow(checker, model);
}

}  // namespace codellama
