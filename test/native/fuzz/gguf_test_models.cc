#include "fuzz/gguf_test_models.h"

#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>

#include "fuzz/other_architectures.h"
#include "support/tiny_llama.h"

namespace codellama::test {
namespace {

constexpr uint32_t kFloat16 = 1;
constexpr uint32_t kQ4K = 12;
constexpr uint32_t kQ6K = 14;

std::string Utf8(uint32_t code) {
  if (code < 0x80) return std::string(1, static_cast<char>(code));
  return {static_cast<char>(0xC0 | (code >> 6)), static_cast<char>(0x80 | (code & 63))};
}

// The characters that byte-level BPE uses for the 256 bytes.
std::vector<std::string> ByteCharacters() {
  std::vector<std::string> characters;
  uint32_t next = 256;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    const bool is_printable =
        (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255);
    characters.push_back(Utf8(is_printable ? byte : next++));
  }
  return characters;
}

void SetVocabulary(GgufDraft& draft, const std::string& model, std::vector<std::string> tokens) {
  const size_t count = tokens.size();
  draft.SetText("tokenizer.ggml.model", model);
  draft.SetTexts("tokenizer.ggml.tokens", std::move(tokens));
  draft.SetIntegers("tokenizer.ggml.token_type", std::vector<int32_t>(count, 1));
  draft.SetFloats("tokenizer.ggml.scores", std::vector<float>(count, -1.5F));
}

void ResizeEmbedding(GgufDraft& draft, uint64_t tokens) {
  for (const char* name : {"token_embd.weight", "output.weight"}) {
    DraftTensor& tensor = draft.Tensor(name);
    tensor.dimensions[1] = tokens;
    tensor.data = RandomWeights(tensor.type, tensor.dimensions[0] * tokens, 7);
  }
}

GgufDraft BytePairModel() {
  GgufDraft draft = TinyLlama();
  std::vector<std::string> tokens = ByteCharacters();
  for (const char* text : {"in", "he", "the", "\u0120t", "re", "\u0120def", "<|endoftext|>"}) {
    tokens.emplace_back(text);
  }
  const auto count = tokens.size();
  SetVocabulary(draft, "gpt2", std::move(tokens));
  draft.Remove("tokenizer.ggml.scores");
  draft.SetTexts("tokenizer.ggml.merges", {"i n", "h e", "t he", "\u0120 t", "r e"});
  draft.SetText("tokenizer.ggml.pre", "llama-bpe");
  ResizeEmbedding(draft, count);
  return draft;
}

GgufDraft ExpertModel() {
  GgufDraft draft = TinyLlama();
  draft.SetUnsigned("llama.expert_count", 4);
  draft.SetUnsigned("llama.expert_used_count", 2);
  for (const std::string layer : {"blk.0.", "blk.1."}) {
    std::erase_if(draft.tensors, [&](const DraftTensor& tensor) {
      return tensor.name.starts_with(layer + "ffn_") && tensor.name != layer + "ffn_norm.weight";
    });
    AddTensor(draft, layer + "ffn_gate_inp.weight", {64, 4});
    AddTensor(draft, layer + "ffn_gate_exps.weight", {64, 96, 4}, kFloat16);
    AddTensor(draft, layer + "ffn_down_exps.weight", {96, 64, 4});
    AddTensor(draft, layer + "ffn_up_exps.weight", {64, 96, 4}, kFloat16);
  }
  return draft;
}

// One layer of width 256 with K-quants, a tied output, a fused QKV matrix and all optional vectors.
GgufDraft WideModel() {
  GgufDraft draft = TinyLlama();
  const auto tokens = draft.Tensor("token_embd.weight").dimensions[1];
  draft.tensors.clear();
  draft.SetUnsigned("llama.embedding_length", 256);
  draft.SetUnsigned("llama.block_count", 1);
  draft.SetUnsigned("llama.feed_forward_length", 256);
  draft.SetUnsigned("llama.rope.dimension_count", 64);
  draft.SetUnsigned("llama.attention.head_count_kv", 4);
  draft.SetUnsigned("llama.attention.key_length", 64);
  draft.SetUnsigned("llama.attention.value_length", 64);
  draft.SetText("llama.rope.scaling.type", "yarn");
  draft.SetFloat("llama.rope.scaling.factor", 4);
  AddTensor(draft, "token_embd.weight", {256, tokens}, kQ6K);
  AddTensor(draft, "output_norm.weight", {256});
  AddTensor(draft, "rope_freqs.weight", {32});
  AddTensor(draft, "blk.0.attn_norm.weight", {256});
  AddTensor(draft, "blk.0.attn_qkv.weight", {256, 768}, kQ4K);
  AddTensor(draft, "blk.0.attn_qkv.bias", {768});
  AddTensor(draft, "blk.0.attn_output.weight", {256, 256}, kQ4K);
  AddTensor(draft, "blk.0.attn_output.bias", {256});
  AddTensor(draft, "blk.0.ffn_norm.weight", {256});
  AddTensor(draft, "blk.0.ffn_gate.weight", {256, 256}, kQ4K);
  AddTensor(draft, "blk.0.ffn_gate.bias", {256});
  AddTensor(draft, "blk.0.ffn_gate.scale", {1});
  AddTensor(draft, "blk.0.ffn_down.weight", {256, 256}, kQ6K);
  AddTensor(draft, "blk.0.ffn_down.bias", {256});
  AddTensor(draft, "blk.0.ffn_up.weight", {256, 256}, kQ4K);
  return draft;
}

GgufDraft VocabularyOf(const std::string& model, std::vector<std::string> tokens) {
  GgufDraft draft = TinyLlama();
  draft.tensors.clear();
  SetVocabulary(draft, model, std::move(tokens));
  draft.SetTexts("tokenizer.ggml.merges", {"i n", "h e", "t he"});
  return draft;
}

std::vector<std::string> SentencePieces() {
  GgufDraft draft = TinyLlama();
  return draft.Entry("tokenizer.ggml.tokens").elements;
}

std::vector<std::string> WordPieces() {
  std::vector<std::string> tokens = ByteCharacters();
  for (const char* text : {"\u2581the", "\u2581def", "ing", "\u2581re", "turn"}) {
    tokens.emplace_back(text);
  }
  return tokens;
}

std::vector<std::string> RwkvTokens() {
  std::vector<std::string> tokens = {"<s>"};
  for (unsigned byte = 0; byte < 256; ++byte) {
    char text[8];
    std::snprintf(text, sizeof(text), "\\x%02x", byte);
    tokens.emplace_back(text);
  }
  for (const char* text : {"the", " def", "return", "\\n\\n"}) tokens.emplace_back(text);
  return tokens;
}

GgufDraft PlamoVocabulary() {
  GgufDraft draft = VocabularyOf("plamo2", SentencePieces());
  std::vector<int32_t> kinds(SentencePieces().size(), 1);
  for (size_t i = 3; i < 259; ++i) kinds[i] = 6;
  draft.SetIntegers("tokenizer.ggml.token_type", kinds);
  return draft;
}

}  // namespace

std::vector<TestModel> TestModels() {
  std::vector<TestModel> models = {
      {"tiny", TinyLlama(), false, true},
      {"bpe", BytePairModel(), false, false},
      {"experts", ExpertModel(), false, false},
      {"wide", WideModel(), false, false},
      {"spm-vocabulary", VocabularyOf("llama", SentencePieces()), true, false},
      {"t5-vocabulary", VocabularyOf("t5", SentencePieces()), true, false},
      {"bert-vocabulary", VocabularyOf("bert", WordPieces()), true, false},
      {"gemma4-vocabulary", VocabularyOf("gemma4", SentencePieces()), true, false},
      {"rwkv-vocabulary", VocabularyOf("rwkv", RwkvTokens()), true, false},
      {"plamo2-vocabulary", PlamoVocabulary(), true, false},
      {"hybriddna-vocabulary", VocabularyOf("hybriddna", ByteCharacters()), true, false},
      {"test-vocabulary", VocabularyOf("test", SentencePieces()), true, false},
  };
  for (auto& [name, draft] : OtherArchitectures()) models.push_back({name, std::move(draft)});
  return models;
}

}  // namespace codellama::test
