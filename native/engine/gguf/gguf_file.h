// The header of a GGUF file: its metadata and its list of tensors. Also the checks that stand
// between a hostile file and llama.cpp.
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
  std::vector<uint64_t> dimensions;  // innermost first
  uint32_t type;                     // TensorType::id
  uint64_t offset;                   // from the start of the tensor data
  uint64_t size_bytes;
};

struct GgufFile {
  uint32_t version = 0;
  std::vector<GgufEntry> metadata;  // in the order of the file
  std::vector<GgufTensor> tensors;
  uint64_t alignment = 0;
  uint64_t data_offset = 0;  // start of the tensor data in the file
  uint64_t file_size = 0;
  uint64_t parameter_count = 0;  // elements of all tensors of this file

  // Null when the key or the tensor is missing.
  const GgufValue* Find(std::string_view key) const;
  const GgufTensor* FindTensor(std::string_view name) const;

  // The value of a scalar. Nothing when the key is missing or has another type.
  std::optional<int64_t> Integer(std::string_view key) const;
  std::optional<double> Number(std::string_view key) const;
  std::optional<bool> Bool(std::string_view key) const;
  std::optional<std::string> String(std::string_view key) const;

  // Number of positions of a model with learned position embeddings, such as GPT-2. llama.cpp
  // aborts beyond it. Nothing for other models.
  std::optional<uint64_t> PositionLimit() const;

  // general.architecture, such as "llama". Empty when it is missing.
  std::string Architecture() const;
  // The full name of a key of this architecture: "block_count" gives "llama.block_count".
  std::string ArchitectureKey(std::string_view name) const;
};

// Reads the header of the GGUF file at `path` (UTF-8) and checks that it is well formed and that
// all data lies inside the file. Throws Error: kModelNotFound when the file cannot be opened,
// kModelUnsupported for another version or byte order, otherwise kModelInvalid.
GgufFile ReadGguf(const std::string& path);

// Throws Error for a model with which llama.cpp would abort() the process, never end, or take all
// memory. Reads all parts of a split model. Codes: kModelNotFound when a part is missing,
// kModelInvalid, kModelUnsupported. Does not check faults that llama.cpp reports by itself.
void CheckModel(const GgufFile& file, const std::string& path);

// Like CheckModel(), for a model that is loaded for its vocabulary only.
void CheckVocabularyOnly(const GgufFile& file, const std::string& path);

// Like CheckModel(), for a LoRA adapter.
void CheckAdapter(const GgufFile& adapter, const std::string& path);

// Throws Error when a LoRA adapter does not fit the model. Checks only what llama.cpp does not.
void CheckAdapterFits(const GgufFile& adapter, const std::string& path, const GgufFile& model);

}  // namespace codellama
