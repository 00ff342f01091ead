// Writes GGUF files for tests: whole ones, and ones that lie about themselves.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gguf_value.h"

namespace codellama::test {

struct DraftEntry {
  std::string key;
  uint32_t type = 0;
  bool is_array = false;
  std::vector<std::string> elements;      // the bytes of each number, or the text of each string
  std::optional<uint64_t> claimed_count;  // instead of the true number of elements
};

struct DraftTensor {
  std::string name;
  std::vector<uint64_t> dimensions;
  uint32_t type = 0;
  std::string data;
  std::optional<uint64_t> claimed_offset;  // instead of the true place
};

struct GgufDraft {
  std::string magic = "GGUF";
  uint32_t version = 3;
  uint64_t alignment = 32;
  std::optional<uint64_t> claimed_key_count;
  std::optional<uint64_t> claimed_tensor_count;
  std::vector<DraftEntry> entries;
  std::vector<DraftTensor> tensors;

  // Each sets a key, in its old place when it is there already.
  void SetUnsigned(const std::string& key, uint32_t value);
  void SetFloat(const std::string& key, float value);
  void SetBool(const std::string& key, bool value);
  void SetText(const std::string& key, const std::string& value);
  void SetTexts(const std::string& key, std::vector<std::string> values);
  void SetFloats(const std::string& key, const std::vector<float>& values);
  void SetUnsigneds(const std::string& key, const std::vector<uint32_t>& values);
  void SetIntegers(const std::string& key, const std::vector<int32_t>& values);
  void Set(DraftEntry entry);
  void Remove(const std::string& key);

  // Adds a tensor of small random numbers; `type` is a number of tensor_type.h.
  void AddTensor(const std::string& name, const std::vector<uint64_t>& dimensions,
                 uint32_t type = 0);
  DraftEntry& Entry(const std::string& key);
  DraftTensor& Tensor(const std::string& name);

  // The file's bytes. Names of the parts before the data end at `header_bytes` when it is given.
  std::string Serialize(size_t* header_bytes = nullptr) const;
};

// The bytes of a number as a file holds them.
template <typename Number>
std::string BytesOf(Number number) {
  return std::string(reinterpret_cast<const char*>(&number), sizeof(number));
}

// Random weights of a type; what they decode to is small and finite.
std::string RandomWeights(uint32_t type, uint64_t elements, uint32_t seed);

// A model of the llama architecture that llama.cpp loads and runs: two layers, four heads with two
// for keys and values, width 64, and a SentencePiece vocabulary of some 270 pieces.
GgufDraft TinyLlama();

// A LoRA adapter for one matrix of TinyLlama.
GgufDraft TinyAdapter();

}  // namespace codellama::test
