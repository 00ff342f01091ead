// What the header of a GGUF file says: its metadata and the list of its tensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gguf_value.h"

namespace codellama {

struct GgufEntry {
  std::string key;
  GgufValue value;
};

struct GgufTensor {
  std::string name;
  std::vector<uint64_t> dimensions;  // as the file lists them, innermost first
  uint32_t type;                     // a number of tensor_type.h
  uint64_t offset;                   // from the start of the tensor data
  uint64_t size_bytes;
};

struct GgufFile {
  uint32_t version = 0;
  std::vector<GgufEntry> metadata;  // in the file's order
  std::vector<GgufTensor> tensors;
  uint64_t alignment = 0;
  uint64_t data_offset = 0;  // where the tensor data begins in the file
  uint64_t file_size = 0;
  uint64_t parameter_count = 0;  // elements of all tensors of this file

  // The value of a key, or null.
  const GgufValue* Find(std::string_view key) const;
  const GgufTensor* FindTensor(std::string_view name) const;

  // A scalar of that kind; nothing when the key is missing or has another type.
  std::optional<int64_t> Integer(std::string_view key) const;
  std::optional<double> Number(std::string_view key) const;
  std::optional<bool> Bool(std::string_view key) const;
  std::optional<std::string> String(std::string_view key) const;

  // general.architecture, such as "llama"; empty when it is missing.
  std::string Architecture() const;
  // The full name of a key of this architecture: "block_count" gives "llama.block_count".
  std::string ArchitectureKey(std::string_view name) const;
};

}  // namespace codellama
