// What the header of a GGUF file says: its metadata and the list of its tensors; and the checks
// that stand between a hostile file and llama.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/gguf/gguf_value.h"

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

  // How many positions a model with learned positions has, such as GPT-2: llama.cpp aborts beyond.
  std::optional<uint64_t> PositionLimit() const;

  // general.architecture, such as "llama"; empty when it is missing.
  std::string Architecture() const;
  // The full name of a key of this architecture: "block_count" gives "llama.block_count".
  std::string ArchitectureKey(std::string_view name) const;
};

// Reads the header of the GGUF file at `path` (UTF-8) and checks that everything in it is well
// formed and lies inside the file. Throws Error: kModelNotFound when it cannot be opened,
// kModelUnsupported for other versions and byte orders, kModelInvalid for all else.
GgufFile ReadGguf(const std::string& path);

// Finds in a model, in all its parts when it is split, what would make llama.cpp abort() the
// process, never end, or take all memory. Throws Error: kModelNotFound when a part is missing,
// kModelInvalid or kModelUnsupported. Faults that llama.cpp reports by itself are left to it.
void CheckModel(const GgufFile& file, const std::string& path);

// The same for a model of which only the vocabulary is used.
void CheckVocabularyOnly(const GgufFile& file, const std::string& path);

// The same for a LoRA adapter.
void CheckAdapter(const GgufFile& adapter, const std::string& path);

// Checks that a LoRA adapter was made for this model, as far as llama.cpp does not.
void CheckAdapterFits(const GgufFile& adapter, const std::string& path, const GgufFile& model);

}  // namespace codellama
