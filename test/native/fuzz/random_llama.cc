#include "fuzz/random_llama.h"

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "engine/gguf/tensor_type.h"
#include "support/tiny_llama.h"

namespace codellama::test {
namespace {

constexpr uint32_t kMaxWidth = 640;  // keeps a run in milliseconds

class RandomModel {
 public:
  explicit RandomModel(std::mt19937& random) : random_(random), draft_(TinyLlama()) {}

  GgufDraft Make() {
    draft_.tensors.clear();
    ChooseShape();
    SetHyperparameters();
    CutVocabulary();
    AddMatrix("token_embd.weight", {width_, vocabulary_});
    AddTensor(draft_, "output_norm.weight", {width_});
    if (Chance(2)) AddMatrix("output.weight", {width_, vocabulary_});
    AddRopeFactors();
    for (uint32_t i = 0; i < layers_; ++i) AddLayer("blk." + std::to_string(i) + ".");
    return std::move(draft_);
  }

 private:
  bool Chance(uint32_t one_in) { return random_() % one_in == 0; }

  uint32_t Pick(std::initializer_list<uint32_t> choices) {
    return choices.begin()[random_() % choices.size()];
  }

  void ChooseShape() {
    layers_ = Pick({1, 1, 2, 3});
    heads_ = Pick({1, 2, 3, 4, 5, 8, 12});
    do {
      kv_heads_ = 1 + static_cast<uint32_t>(random_()) % heads_;
    } while (heads_ % kv_heads_ != 0);
    do {
      head_length_ = Pick({2, 4, 6, 8, 10, 16, 20, 32, 40, 64, 80, 96, 128, 256, 320, 576});
    } while (heads_ * head_length_ > kMaxWidth && head_length_ > 2);
    has_own_head_length_ = Chance(3);
    width_ = has_own_head_length_ ? Pick({1, 7, 32, 64, 100, 256, 512}) : heads_ * head_length_;
    feed_forward_ = Pick({1, 2, 3, 17, 31, 32, 64, 96, 256, 300});
    experts_ = Chance(3) ? Pick({1, 2, 3, 4, 6, 8, 9}) : 0;
    vocabulary_ = Pick({12, 13, 100, 259, 275});
  }

  void SetHyperparameters() {
    draft_.SetUnsigned("llama.embedding_length", width_);
    draft_.SetUnsigned("llama.block_count", layers_);
    draft_.SetUnsigned("llama.feed_forward_length", feed_forward_);
    draft_.SetUnsigned("llama.attention.head_count", heads_);
    draft_.SetUnsigned("llama.attention.head_count_kv", kv_heads_);
    draft_.SetUnsigned("llama.rope.dimension_count", head_length_);
    if (has_own_head_length_) {
      draft_.SetUnsigned("llama.attention.key_length", head_length_);
      draft_.SetUnsigned("llama.attention.value_length", head_length_);
    }
    if (Chance(4)) {
      constexpr const char* kTypes[] = {"none", "linear", "yarn", "longrope"};
      has_long_rope_ = Chance(2);
      draft_.SetText("llama.rope.scaling.type",
                     has_long_rope_ ? "longrope" : kTypes[random_() % 3]);
      draft_.SetFloat("llama.rope.scaling.factor", static_cast<float>(Pick({0, 1, 4, 1'000'000})));
      draft_.SetUnsigned("llama.rope.scaling.original_context_length", Pick({0, 1, 128, 4096}));
    }
    if (Chance(6))
      draft_.SetFloat("llama.rope.freq_base", static_cast<float>(Pick({0, 1, 10'000})));
    if (Chance(8)) draft_.SetUnsigned("llama.pooling_type", Pick({0, 1, 2, 3, 4}));
    if (experts_ == 0) return;
    draft_.SetUnsigned("llama.expert_count", experts_);
    draft_.SetUnsigned("llama.expert_used_count", 1 + static_cast<uint32_t>(random_()) % experts_);
    if (experts_ >= 4 && experts_ % 2 == 0 && Chance(2)) {
      draft_.SetUnsigned("llama.expert_group_count", 2);
      draft_.SetUnsigned("llama.expert_group_used_count", 1);
    }
  }

  void CutVocabulary() {
    for (const char* name : {"tokens", "scores", "token_type"}) {
      draft_.Entry(std::string("tokenizer.ggml.") + name).elements.resize(vocabulary_);
    }
  }

  void AddRopeFactors() {
    if (has_long_rope_) {
      AddTensor(draft_, "rope_factors_long.weight", {head_length_ / 2});
      AddTensor(draft_, "rope_factors_short.weight", {head_length_ / 2});
    } else if (Chance(4)) {
      AddTensor(draft_, "rope_freqs.weight", {head_length_ / 2});
    }
  }

  // Fills a tensor with weights of any type that fits its rows. Sometimes all weights are NaN.
  void AddMatrix(const std::string& name, const std::vector<uint64_t>& dimensions) {
    constexpr uint32_t kTypes = 43;
    const TensorType* type = nullptr;
    do {
      type = FindTensorType(Chance(3) ? Pick({0, 1, 30}) : random_() % kTypes);
    } while (!type || !type->is_weight || dimensions[0] % type->block_size != 0);
    AddTensor(draft_, name, dimensions, type->id);
    if (Chance(200)) draft_.tensors.back().data.assign(draft_.tensors.back().data.size(), '\xFF');
  }

  void AddBias(const std::string& name, uint64_t length) {
    if (Chance(6)) AddTensor(draft_, name + ".bias", {length});
    if (Chance(12)) AddTensor(draft_, name + ".scale", {1});
    if (Chance(20)) AddTensor(draft_, name + ".input_scale", {1});
  }

  void AddProjection(const std::string& name, uint64_t input, uint64_t output) {
    AddMatrix(name + ".weight", {input, output});
    AddBias(name, output);
  }

  void AddLayer(const std::string& layer) {
    const uint64_t queries = uint64_t{heads_} * head_length_;
    const uint64_t keys = uint64_t{kv_heads_} * head_length_;
    AddTensor(draft_, layer + "attn_norm.weight", {width_});
    if (Chance(4)) {
      AddProjection(layer + "attn_qkv", width_, queries + 2 * keys);
    } else {
      AddProjection(layer + "attn_q", width_, queries);
      AddProjection(layer + "attn_k", width_, keys);
      AddProjection(layer + "attn_v", width_, keys);
    }
    AddProjection(layer + "attn_output", queries, width_);
    AddTensor(draft_, layer + "ffn_norm.weight", {width_});
    if (experts_ > 0) return AddExperts(layer);
    AddProjection(layer + "ffn_gate", width_, feed_forward_);
    AddProjection(layer + "ffn_down", feed_forward_, width_);
    AddProjection(layer + "ffn_up", width_, feed_forward_);
  }

  void AddExperts(const std::string& layer) {
    AddMatrix(layer + "ffn_gate_inp.weight", {width_, experts_});
    if (!Chance(5)) AddMatrix(layer + "ffn_gate_exps.weight", {width_, feed_forward_, experts_});
    AddMatrix(layer + "ffn_down_exps.weight", {feed_forward_, width_, experts_});
    AddMatrix(layer + "ffn_up_exps.weight", {width_, feed_forward_, experts_});
    if (Chance(8)) AddTensor(draft_, layer + "ffn_up_exps.scale", {experts_});
  }

  std::mt19937& random_;
  GgufDraft draft_;
  uint32_t layers_ = 0;
  uint32_t heads_ = 0;
  uint32_t kv_heads_ = 0;
  uint32_t head_length_ = 0;
  uint32_t width_ = 0;
  uint32_t feed_forward_ = 0;
  uint32_t experts_ = 0;
  uint32_t vocabulary_ = 0;
  bool has_own_head_length_ = false;
  bool has_long_rope_ = false;
};

}  // namespace

GgufDraft RandomLlama(std::mt19937& random) { return RandomModel(random).Make(); }

}  // namespace codellama::test
