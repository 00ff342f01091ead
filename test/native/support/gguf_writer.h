// Writes GGUF files for tests: valid ones, and ones with wrong counts, offsets or types.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/gguf/gguf_value.h"

namespace codellama::test {

// The bytes of a number in a GGUF file.
template <typename Number>
std::string BytesOf(Number number) {
  return std::string(reinterpret_cast<const char*>(&number), sizeof(number));
}

// The bytes of a string in a GGUF file.
inline std::string BytesOfText(const std::string& text) {
  return BytesOf<uint64_t>(text.size()) + text;
}

struct DraftEntry {
  std::string key;
  uint32_t type = 0;
  bool is_array = false;
  std::vector<std::string> elements;      // bytes of a number or text of a string
  std::optional<uint64_t> claimed_count;  // written instead of the number of elements

  template <typename Number>
  static DraftEntry Numbers(const std::string& key, GgufType type, bool is_array,
                            const std::vector<Number>& values) {
    DraftEntry entry{key, static_cast<uint32_t>(type), is_array, {}, std::nullopt};
    for (const Number value : values) entry.elements.push_back(BytesOf(value));
    return entry;
  }

  static DraftEntry Texts(const std::string& key, bool is_array, std::vector<std::string> values) {
    return {key, static_cast<uint32_t>(GgufType::kString), is_array, std::move(values),
            std::nullopt};
  }

  std::string Serialize() const {
    std::string bytes = BytesOfText(key);
    if (is_array) bytes += BytesOf(static_cast<uint32_t>(GgufType::kArray));
    bytes += BytesOf(type);
    if (is_array) bytes += BytesOf<uint64_t>(claimed_count.value_or(elements.size()));
    const bool is_text = type == static_cast<uint32_t>(GgufType::kString);
    for (const std::string& element : elements) bytes += is_text ? BytesOfText(element) : element;
    return bytes;
  }
};

struct DraftTensor {
  std::string name;
  std::vector<uint64_t> dimensions;
  uint32_t type = 0;  // TensorType::id
  std::string data;
  std::optional<uint64_t> claimed_offset;  // written instead of the real offset
};

struct GgufDraft {
  std::string magic = "GGUF";
  uint32_t version = 3;
  uint64_t alignment = 32;
  std::optional<uint64_t> claimed_key_count;
  std::optional<uint64_t> claimed_tensor_count;
  std::vector<DraftEntry> entries;
  std::vector<DraftTensor> tensors;

  // The setters replace an existing key in place.
  void SetUnsigned(const std::string& key, uint32_t value) {
    Set(DraftEntry::Numbers<uint32_t>(key, GgufType::kUint32, false, {value}));
  }
  void SetFloat(const std::string& key, float value) {
    Set(DraftEntry::Numbers<float>(key, GgufType::kFloat32, false, {value}));
  }
  void SetBool(const std::string& key, bool value) {
    Set(DraftEntry::Numbers<uint8_t>(key, GgufType::kBool, false, {static_cast<uint8_t>(value)}));
  }
  void SetText(const std::string& key, const std::string& value) {
    Set(DraftEntry::Texts(key, false, {value}));
  }
  void SetTexts(const std::string& key, std::vector<std::string> values) {
    Set(DraftEntry::Texts(key, true, std::move(values)));
  }
  void SetFloats(const std::string& key, const std::vector<float>& values) {
    Set(DraftEntry::Numbers(key, GgufType::kFloat32, true, values));
  }
  void SetUnsigneds(const std::string& key, const std::vector<uint32_t>& values) {
    Set(DraftEntry::Numbers(key, GgufType::kUint32, true, values));
  }
  void SetIntegers(const std::string& key, const std::vector<int32_t>& values) {
    Set(DraftEntry::Numbers(key, GgufType::kInt32, true, values));
  }
  void Set(DraftEntry entry) {
    for (DraftEntry& old : entries) {
      if (old.key != entry.key) continue;
      old = std::move(entry);
      return;
    }
    entries.push_back(std::move(entry));
  }

  void Remove(const std::string& key) {
    std::erase_if(entries, [&](const DraftEntry& entry) { return entry.key == key; });
  }

  // The entry or tensor with this name, which must exist.
  DraftEntry& Entry(const std::string& key) {
    return *std::find_if(entries.begin(), entries.end(),
                         [&](const DraftEntry& entry) { return entry.key == key; });
  }
  DraftTensor& Tensor(const std::string& name) {
    return *std::find_if(tensors.begin(), tensors.end(),
                         [&](const DraftTensor& tensor) { return tensor.name == name; });
  }

  // The bytes of the file. Sets `header_bytes`, if not null, to the end of the tensor descriptions.
  std::string Serialize(size_t* header_bytes = nullptr) const {
    std::string bytes = magic + BytesOf(version);
    bytes += BytesOf<uint64_t>(claimed_tensor_count.value_or(tensors.size()));
    bytes += BytesOf<uint64_t>(claimed_key_count.value_or(entries.size()));
    for (const DraftEntry& entry : entries) bytes += entry.Serialize();
    std::string data;
    for (const DraftTensor& tensor : tensors) {
      bytes += BytesOfText(tensor.name);
      bytes += BytesOf(static_cast<uint32_t>(tensor.dimensions.size()));
      for (const uint64_t dimension : tensor.dimensions) bytes += BytesOf(dimension);
      bytes +=
          BytesOf(tensor.type) + BytesOf<uint64_t>(tensor.claimed_offset.value_or(data.size()));
      data += tensor.data;
      Pad(data);
    }
    if (header_bytes) *header_bytes = bytes.size();
    Pad(bytes);
    return bytes + data;
  }

 private:
  void Pad(std::string& bytes) const {
    if (alignment == 0) return;
    bytes.resize((bytes.size() + alignment - 1) / alignment * alignment, '\0');
  }
};

}  // namespace codellama::test
