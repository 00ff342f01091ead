// Reads metadata the way llama.cpp does and fails where it would, but with a message that names
// the file, the key, the value and what is allowed. The checks of a model are built on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/gguf/gguf_file.h"

namespace codellama {

class GgufChecker {
 public:
  GgufChecker(const GgufFile& file, const std::string& path) : file_(file), path_(path) {}

  const GgufFile& file() const { return file_; }

  [[noreturn]] void Fail(const std::string& message,
                         ErrorCode code = ErrorCode::kModelInvalid) const;

  // "llama.block_count" for "block_count".
  std::string Key(std::string_view name) const { return file_.ArchitectureKey(name); }

  // Scalars of exactly the type that llama.cpp asks for; nothing when the key is missing.
  std::optional<uint32_t> Unsigned(const std::string& key) const;
  std::optional<float> Float(const std::string& key) const;
  std::optional<bool> Bool(const std::string& key) const;
  // llama.cpp sees a string only up to its first NUL character; so do the checks.
  std::optional<std::string_view> String(const std::string& key) const;

  // As Unsigned, but the key must be there and its value must lie in a range.
  uint32_t Unsigned(const std::string& key, uint32_t least, uint32_t most) const;

  // One number for all layers, or an array with one for each.
  std::optional<std::vector<uint32_t>> PerLayer(const std::string& key, uint32_t layers) const;

  // For architectures whose weights follow layer 0's number, but whose KV cache each layer's own.
  void RequireSameInAllLayers(const std::string& key, const std::vector<uint32_t>& numbers) const;

  // The array of strings under this key; null when the key is missing.
  const GgufValue* Strings(const std::string& key) const;

 private:
  void CheckType(const std::string& key, const GgufValue& value, GgufType type) const;

  const GgufFile& file_;
  const std::string& path_;
};

// The text up to its first NUL character.
std::string_view BeforeNul(std::string_view text);

}  // namespace codellama
