#include "gguf_writer.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <random>
#include <utility>

#include "tensor_type.h"

namespace codellama::test {
namespace {

template <typename Number>
DraftEntry Numbers(const std::string& key, GgufType type, bool is_array,
                   const std::vector<Number>& values) {
  DraftEntry entry{key, static_cast<uint32_t>(type), is_array, {}, std::nullopt};
  for (const Number value : values) entry.elements.push_back(BytesOf(value));
  return entry;
}

template <typename Drafts>
auto FindByName(Drafts& drafts, const std::string& name, std::string Drafts::value_type::* field) {
  return std::find_if(drafts.begin(), drafts.end(),
                      [&](const auto& draft) { return draft.*field == name; });
}

std::string WithLength(const std::string& text) { return BytesOf<uint64_t>(text.size()) + text; }

std::string SerializeEntry(const DraftEntry& entry) {
  std::string bytes = WithLength(entry.key);
  if (entry.is_array) bytes += BytesOf(static_cast<uint32_t>(GgufType::kArray));
  bytes += BytesOf(entry.type);
  if (entry.is_array) bytes += BytesOf(entry.claimed_count.value_or(entry.elements.size()));
  const bool is_text = entry.type == static_cast<uint32_t>(GgufType::kString);
  for (const std::string& element : entry.elements) {
    bytes += is_text ? WithLength(element) : element;
  }
  return bytes;
}

// Half-precision numbers lie at the places that are scales in every block format: tests only need
// finite weights, so all bytes are kept small enough for that.
constexpr unsigned kLargestByte = 0x2A;

}  // namespace

void GgufDraft::SetUnsigned(const std::string& key, uint32_t value) {
  Set(Numbers<uint32_t>(key, GgufType::kUint32, false, {value}));
}

void GgufDraft::SetFloat(const std::string& key, float value) {
  Set(Numbers<float>(key, GgufType::kFloat32, false, {value}));
}

void GgufDraft::SetBool(const std::string& key, bool value) {
  Set(Numbers<uint8_t>(key, GgufType::kBool, false, {static_cast<uint8_t>(value)}));
}

void GgufDraft::SetText(const std::string& key, const std::string& value) {
  Set({key, static_cast<uint32_t>(GgufType::kString), false, {value}, std::nullopt});
}

void GgufDraft::SetTexts(const std::string& key, std::vector<std::string> values) {
  Set({key, static_cast<uint32_t>(GgufType::kString), true, std::move(values), std::nullopt});
}

void GgufDraft::SetFloats(const std::string& key, const std::vector<float>& values) {
  Set(Numbers(key, GgufType::kFloat32, true, values));
}

void GgufDraft::SetUnsigneds(const std::string& key, const std::vector<uint32_t>& values) {
  Set(Numbers(key, GgufType::kUint32, true, values));
}

void GgufDraft::SetIntegers(const std::string& key, const std::vector<int32_t>& values) {
  Set(Numbers(key, GgufType::kInt32, true, values));
}

void GgufDraft::Set(DraftEntry entry) {
  const auto place = FindByName(entries, entry.key, &DraftEntry::key);
  if (place == entries.end()) {
    entries.push_back(std::move(entry));
  } else {
    *place = std::move(entry);
  }
}

void GgufDraft::Remove(const std::string& key) {
  const auto place = FindByName(entries, key, &DraftEntry::key);
  if (place != entries.end()) entries.erase(place);
}

void GgufDraft::AddTensor(const std::string& name, const std::vector<uint64_t>& dimensions,
                          uint32_t type) {
  uint64_t elements = 1;
  for (const uint64_t dimension : dimensions) elements *= dimension;
  const auto seed = static_cast<uint32_t>(tensors.size());
  tensors.push_back({name, dimensions, type, RandomWeights(type, elements, seed), std::nullopt});
}

DraftEntry& GgufDraft::Entry(const std::string& key) {
  return *FindByName(entries, key, &DraftEntry::key);
}

DraftTensor& GgufDraft::Tensor(const std::string& name) {
  return *FindByName(tensors, name, &DraftTensor::name);
}

std::string GgufDraft::Serialize(size_t* header_bytes) const {
  std::string bytes = magic + BytesOf(version);
  bytes += BytesOf(claimed_tensor_count.value_or(tensors.size()));
  bytes += BytesOf(claimed_key_count.value_or(entries.size()));
  for (const DraftEntry& entry : entries) bytes += SerializeEntry(entry);
  const auto pad = [&](std::string& text) {
    if (alignment == 0) return;
    text.resize((text.size() + alignment - 1) / alignment * alignment, '\0');
  };
  std::string data;
  for (const DraftTensor& tensor : tensors) {
    bytes += WithLength(tensor.name) + BytesOf(static_cast<uint32_t>(tensor.dimensions.size()));
    for (const uint64_t dimension : tensor.dimensions) bytes += BytesOf(dimension);
    bytes += BytesOf(tensor.type) + BytesOf<uint64_t>(tensor.claimed_offset.value_or(data.size()));
    data += tensor.data;
    pad(data);
  }
  if (header_bytes) *header_bytes = bytes.size();
  pad(bytes);
  return bytes + data;
}

std::string RandomWeights(uint32_t type_number, uint64_t elements, uint32_t seed) {
  std::mt19937 random(seed);
  constexpr uint32_t kFloat32 = 0;
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

GgufDraft TinyLlama() {
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
  draft.AddTensor("token_embd.weight", {64, tokens.size()}, kQ8);
  draft.AddTensor("output_norm.weight", {64});
  draft.AddTensor("output.weight", {64, tokens.size()}, kFloat16);
  for (const char* layer : {"blk.0.", "blk.1."}) {
    const std::string prefix = layer;
    draft.AddTensor(prefix + "attn_norm.weight", {64});
    draft.AddTensor(prefix + "attn_q.weight", {64, 64}, kQ8);
    draft.AddTensor(prefix + "attn_k.weight", {64, 32});
    draft.AddTensor(prefix + "attn_v.weight", {64, 32}, kFloat16);
    draft.AddTensor(prefix + "attn_output.weight", {64, 64}, kQ8);
    draft.AddTensor(prefix + "ffn_norm.weight", {64});
    draft.AddTensor(prefix + "ffn_gate.weight", {64, 96}, kQ8);
    draft.AddTensor(prefix + "ffn_down.weight", {96, 64}, kQ8);
    draft.AddTensor(prefix + "ffn_up.weight", {64, 96}, kQ8);
  }
  return draft;
}

GgufDraft TinyAdapter() {
  GgufDraft draft;
  draft.SetText("general.architecture", "llama");
  draft.SetText("general.type", "adapter");
  draft.SetText("adapter.type", "lora");
  draft.SetFloat("adapter.lora.alpha", 8);
  draft.AddTensor("blk.0.attn_q.weight.lora_a", {64, 4});
  draft.AddTensor("blk.0.attn_q.weight.lora_b", {4, 64});
  return draft;
}

}  // namespace codellama::test
