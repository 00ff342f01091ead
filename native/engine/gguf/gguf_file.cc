#include "engine/gguf/gguf_file.h"

namespace codellama {

const GgufValue* GgufFile::Find(std::string_view key) const {
  for (const GgufEntry& entry : metadata) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

const GgufTensor* GgufFile::FindTensor(std::string_view name) const {
  for (const GgufTensor& tensor : tensors) {
    if (tensor.name == name) return &tensor;
  }
  return nullptr;
}

std::optional<int64_t> GgufFile::Integer(std::string_view key) const {
  const GgufValue* value = Find(key);
  return value ? value->Integer() : std::nullopt;
}

std::optional<double> GgufFile::Number(std::string_view key) const {
  const GgufValue* value = Find(key);
  return value ? value->Number() : std::nullopt;
}

std::optional<bool> GgufFile::Bool(std::string_view key) const {
  const GgufValue* value = Find(key);
  return value ? value->Bool() : std::nullopt;
}

std::optional<std::string> GgufFile::String(std::string_view key) const {
  const GgufValue* value = Find(key);
  const std::optional<std::string_view> text = value ? value->String() : std::nullopt;
  return text ? std::optional<std::string>(*text) : std::nullopt;
}

std::optional<uint64_t> GgufFile::PositionLimit() const {
  const GgufTensor* positions = FindTensor("position_embd.weight");
  if (!positions) return std::nullopt;
  return positions->dimensions.size() < 2 ? 1 : positions->dimensions[1];
}

std::string GgufFile::Architecture() const { return String("general.architecture").value_or(""); }

std::string GgufFile::ArchitectureKey(std::string_view name) const {
  return Architecture() + "." + std::string(name);
}

}  // namespace codellama
