#include "fuzz/other_architectures.h"

#include <array>
#include <string>

#include "support/tiny_llama.h"

namespace codellama::test {
namespace {

constexpr std::array<const char*, 2> kLayers = {"blk.0.", "blk.1."};

// TinyLlama with another architecture.
GgufDraft Renamed(const std::string& architecture) {
  GgufDraft draft = TinyLlama();
  draft.SetText("general.architecture", architecture);
  for (DraftEntry& entry : draft.entries) {
    if (entry.key.starts_with("llama.")) entry.key.replace(0, 5, architecture);
  }
  return draft;
}

void RemoveTensor(GgufDraft& draft, const std::string& name) {
  std::erase_if(draft.tensors, [&](const DraftTensor& tensor) { return tensor.name == name; });
}

GgufDraft Qwen2(const std::string& architecture) {
  GgufDraft draft = Renamed(architecture);
  for (const std::string layer : kLayers) {
    AddTensor(draft, layer + "attn_q.bias", {64});
    AddTensor(draft, layer + "attn_k.bias", {32});
    AddTensor(draft, layer + "attn_v.bias", {32});
  }
  return draft;
}

GgufDraft Qwen2Vision() {
  GgufDraft draft = Qwen2("qwen2vl");
  draft.SetIntegers("qwen2vl.rope.dimension_sections", {2, 3, 3, 0});
  return draft;
}

GgufDraft Qwen3() {
  GgufDraft draft = Renamed("qwen3");
  for (const std::string layer : kLayers) {
    AddTensor(draft, layer + "attn_q_norm.weight", {16});
    AddTensor(draft, layer + "attn_k_norm.weight", {16});
  }
  return draft;
}

GgufDraft Gemma3() {
  GgufDraft draft = Renamed("gemma3");
  draft.SetUnsigned("gemma3.attention.sliding_window", 64);
  draft.SetUnsigned("gemma3.attention.key_length", 16);
  draft.SetUnsigned("gemma3.attention.value_length", 16);
  RemoveTensor(draft, "output.weight");
  for (const std::string layer : kLayers) {
    AddTensor(draft, layer + "attn_q_norm.weight", {16});
    AddTensor(draft, layer + "attn_k_norm.weight", {16});
    AddTensor(draft, layer + "post_attention_norm.weight", {64});
    AddTensor(draft, layer + "post_ffw_norm.weight", {64});
  }
  return draft;
}

// Replaces the matrices for queries, keys and values by one fused matrix.
void FuseAttention(GgufDraft& draft, const std::string& layer) {
  for (const char* name : {"attn_q", "attn_k", "attn_v"}) {
    RemoveTensor(draft, layer + name + ".weight");
  }
  AddTensor(draft, layer + "attn_qkv.weight", {64, 128});
}

GgufDraft Phi3() {
  GgufDraft draft = Renamed("phi3");
  AddTensor(draft, "rope_factors_long.weight", {8});
  AddTensor(draft, "rope_factors_short.weight", {8});
  for (const std::string layer : kLayers) {
    FuseAttention(draft, layer);
    RemoveTensor(draft, layer + "ffn_gate.weight");
    RemoveTensor(draft, layer + "ffn_up.weight");
    AddTensor(draft, layer + "ffn_up.weight", {64, 192});
  }
  return draft;
}

// Adds a bias to each norm and matrix, and removes the gate.
void AddBiases(GgufDraft& draft, const std::string& layer) {
  RemoveTensor(draft, layer + "ffn_gate.weight");
  for (const char* name : {"attn_norm", "ffn_norm", "attn_output", "ffn_down"}) {
    AddTensor(draft, layer + name + ".bias", {64});
  }
  AddTensor(draft, layer + "ffn_up.bias", {96});
}

GgufDraft Starcoder2() {
  GgufDraft draft = Renamed("starcoder2");
  draft.SetFloat("starcoder2.attention.layer_norm_epsilon", 1e-5F);
  AddTensor(draft, "output_norm.bias", {64});
  for (const std::string layer : kLayers) {
    AddBiases(draft, layer);
    AddTensor(draft, layer + "attn_q.bias", {64});
    AddTensor(draft, layer + "attn_k.bias", {32});
    AddTensor(draft, layer + "attn_v.bias", {32});
  }
  return draft;
}

GgufDraft Gpt2() {
  GgufDraft draft = Renamed("gpt2");
  draft.SetFloat("gpt2.attention.layer_norm_epsilon", 1e-5F);
  AddTensor(draft, "position_embd.weight", {64, 512});
  AddTensor(draft, "output_norm.bias", {64});
  for (const std::string layer : kLayers) {
    FuseAttention(draft, layer);
    AddBiases(draft, layer);
    AddTensor(draft, layer + "attn_qkv.bias", {128});
  }
  return draft;
}

GgufDraft Mamba() {
  GgufDraft draft = Renamed("mamba");
  draft.SetUnsigned("mamba.attention.head_count", 0);
  draft.SetUnsigned("mamba.feed_forward_length", 0);
  draft.SetUnsigned("mamba.ssm.conv_kernel", 4);
  draft.SetUnsigned("mamba.ssm.inner_size", 128);
  draft.SetUnsigned("mamba.ssm.state_size", 16);
  draft.SetUnsigned("mamba.ssm.time_step_rank", 4);
  for (const char* key : {"attention.head_count_kv", "rope.dimension_count", "rope.freq_base"}) {
    draft.Remove(std::string("mamba.") + key);
  }
  std::erase_if(draft.tensors, [](const DraftTensor& tensor) {
    return tensor.name.starts_with("blk.") && !tensor.name.ends_with("attn_norm.weight");
  });
  for (const std::string layer : kLayers) {
    AddTensor(draft, layer + "ssm_in.weight", {64, 256});
    AddTensor(draft, layer + "ssm_conv1d.weight", {4, 128});
    AddTensor(draft, layer + "ssm_conv1d.bias", {128});
    AddTensor(draft, layer + "ssm_x.weight", {128, 36});
    AddTensor(draft, layer + "ssm_dt.weight", {4, 128});
    AddTensor(draft, layer + "ssm_dt.bias", {128});
    AddTensor(draft, layer + "ssm_a", {16, 128});
    AddTensor(draft, layer + "ssm_d", {128});
    AddTensor(draft, layer + "ssm_out.weight", {128, 64});
  }
  return draft;
}

}  // namespace

std::vector<std::pair<std::string, GgufDraft>> OtherArchitectures() {
  return {{"qwen2", Qwen2("qwen2")}, {"qwen2vl", Qwen2Vision()},
          {"qwen3", Qwen3()},        {"gemma3", Gemma3()},
          {"phi3", Phi3()},          {"gpt2", Gpt2()},
          {"mamba", Mamba()},        {"starcoder2", Starcoder2()}};
}

}  // namespace codellama::test
