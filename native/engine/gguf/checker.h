// Reads metadata like llama.cpp. Where llama.cpp would fail, throws Error with the file, the key,
// the value and the allowed values. The check_*.h functions are built on it.
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
  // Keeps references to both arguments.
  GgufChecker(const GgufFile& file, const std::string& path) : file_(file), path_(path) {}

  const GgufFile& file() const { return file_; }

  [[noreturn]] void Fail(const std::string& message,
                         ErrorCode code = ErrorCode::kModelInvalid) const;

  // "llama.block_count" for "block_count".
  std::string Key(std::string_view name) const { return file_.ArchitectureKey(name); }

  // The value of a key; nothing when the key is missing. Throws when the value is not a scalar of
  // exactly this type (u32, f32, bool, str), because llama.cpp would.
  std::optional<uint32_t> Unsigned(const std::string& key) const;
  std::optional<float> Float(const std::string& key) const;
  std::optional<bool> Bool(const std::string& key) const;
  // Ends at the first NUL character, like in llama.cpp.
  std::optional<std::string_view> String(const std::string& key) const;

  // Throws when the key is missing or its value is outside `least` to `most`.
  uint32_t Unsigned(const std::string& key, uint32_t least, uint32_t most) const;

  // The values for all layers. The file holds one number, or an array with one number per layer.
  // Nothing when the key is missing.
  std::optional<std::vector<uint32_t>> PerLayer(const std::string& key, uint32_t layers) const;

  // For architectures whose weights use layer 0's number but whose KV cache uses each layer's own.
  void RequireSameInAllLayers(const std::string& key, const std::vector<uint32_t>& numbers) const;

  // The array of strings under this key. Null when the key is missing.
  const GgufValue* Strings(const std::string& key) const;

 private:
  void CheckType(const std::string& key, const GgufValue& value, GgufType type) const;

  const GgufFile& file_;
  const std::string& path_;
};

// The text up to its first NUL character.
std::string_view BeforeNul(std::string_view text);

}  // namespace codellama
