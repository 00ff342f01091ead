// A tiny model, of which thousands load in a minute, and a LoRA adapter for it.
#pragma once

#include <cstdint>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "engine/gguf/tensor_type.h"
#include "support/gguf_writer.h"

namespace codellama::test {

// Random weights of a type. They decode to small, finite numbers.
inline std::string RandomWeights(uint32_t type_number, uint64_t elements, uint32_t seed) {
  std::mt19937 random(seed);
  constexpr uint32_t kFloat32 = 0;
  // A byte may be the upper half of an fp16 scale. Up to this value the scale is finite.
  constexpr unsigned kLargestByte = 0x2A;
  if (type_number == kFloat32) {
    std::uniform_real_distribution<float> weight(-0.1F, 0.1F);
    std::string bytes;
    for (uint64_t i = 0; i < elements; ++i) bytes += BytesOf(weight(random));
    return bytes;
  }
  const TensorType* type = FindTensorType(type_number);
  if (!type) return {};
  std::string bytes((elements + type->block_size - 1) / type->block_size * type->block_bytes, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random() % kLargestByte);
  return bytes;
}

// Adds a tensor with random weights.
inline void AddTensor(GgufDraft& draft, const std::string& name,
                      const std::vector<uint64_t>& dimensions, uint32_t type = 0) {
  uint64_t elements = 1;
  for (const uint64_t dimension : dimensions) elements *= dimension;
  const auto seed = static_cast<uint32_t>(draft.tensors.size());
  draft.tensors.push_back(
      {name, dimensions, type, RandomWeights(type, elements, seed), std::nullopt});
}

// A llama model that llama.cpp loads and runs: two layers, four heads, two KV heads, width 64, and
// a SentencePiece vocabulary of 275 tokens.
inline GgufDraft TinyLlama() {
  GgufDraft draft;
  draft.SetText("general.architecture", "llama");
  draft.SetText("general.name", "tiny");
  draft.SetUnsigned("general.file_type", 0);
  draft.SetUnsigned("llama.context_length", 512);
  draft.SetUnsigned("llama.embedding_length", 64);
  draft.SetUnsigned("llama.block_count", 2);
  draft.SetUnsigned("llama.feed_forward_length", 96);
  draft.SetUnsigned("llama.attention.head_count", 4);
  draft.SetUnsigned("llama.attention.head_count_kv", 2);
  draft.SetUnsigned("llama.rope.dimension_count", 16);
  draft.SetFloat("llama.rope.freq_base", 1e6F);
  draft.SetFloat("llama.attention.layer_norm_rms_epsilon", 1e-5F);

  std::vector<std::string> tokens = {"<unk>", "<s>", "</s>"};
  std::vector<int32_t> kinds = {2, 3, 3};
  for (int byte = 0; byte < 256; ++byte) {
    char text[8];
    std::snprintf(text, sizeof(text), "<0x%02X>", byte);
    tokens.emplace_back(text);
    kinds.push_back(6);
  }
  for (const char* text : {"▁", "e", "t", "a", "▁t", "he", "▁the", "in", "er", "\n", "return",
                           "def", "▁<PRE>", "▁<SUF>", "▁<MID>", "▁<EOT>"}) {
    tokens.emplace_back(text);
    kinds.push_back(1);
  }
  std::vector<float> scores;
  for (size_t i = 0; i < tokens.size(); ++i) scores.push_back(-static_cast<float>(i));
  draft.SetText("tokenizer.ggml.model", "llama");
  draft.SetText("tokenizer.ggml.pre", "default");
  draft.SetTexts("tokenizer.ggml.tokens", tokens);
  draft.SetFloats("tokenizer.ggml.scores", scores);
  draft.SetIntegers("tokenizer.ggml.token_type", kinds);
  draft.SetUnsigned("tokenizer.ggml.bos_token_id", 1);
  draft.SetUnsigned("tokenizer.ggml.eos_token_id", 2);
  draft.SetUnsigned("tokenizer.ggml.unknown_token_id", 0);
  draft.SetBool("tokenizer.ggml.add_bos_token", true);

  constexpr uint32_t kFloat16 = 1;
  constexpr uint32_t kQ8 = 8;
  AddTensor(draft, "token_embd.weight", {64, tokens.size()}, kQ8);
  AddTensor(draft, "output_norm.weight", {64});
  AddTensor(draft, "output.weight", {64, tokens.size()}, kFloat16);
  for (const char* layer : {"blk.0.", "blk.1."}) {
    const std::string prefix = layer;
    AddTensor(draft, prefix + "attn_norm.weight", {64});
    AddTensor(draft, prefix + "attn_q.weight", {64, 64}, kQ8);
    AddTensor(draft, prefix + "attn_k.weight", {64, 32});
    AddTensor(draft, prefix + "attn_v.weight", {64, 32}, kFloat16);
    AddTensor(draft, prefix + "attn_output.weight", {64, 64}, kQ8);
    AddTensor(draft, prefix + "ffn_norm.weight", {64});
    AddTensor(draft, prefix + "ffn_gate.weight", {64, 96}, kQ8);
    AddTensor(draft, prefix + "ffn_down.weight", {96, 64}, kQ8);
    AddTensor(draft, prefix + "ffn_up.weight", {64, 96}, kQ8);
  }
  return draft;
}

// A LoRA adapter for one matrix of TinyLlama.
inline GgufDraft TinyAdapter() {
  GgufDraft draft;
  draft.SetText("general.architecture", "llama");
  draft.SetText("general.type", "adapter");
  draft.SetText("adapter.type", "lora");
  draft.SetFloat("adapter.lora.alpha", 8);
  AddTensor(draft, "blk.0.attn_q.weight.lora_a", {64, 4});
  AddTensor(draft, "blk.0.attn_q.weight.lora_b", {4, 64});
  return draft;
}

}  // namespace codellama::test
