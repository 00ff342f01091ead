// Says how TinyLlama is refused after one change.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "support/gguf_refusal.h"
#include "support/gguf_writer.h"
#include "support/tiny_llama.h"

namespace codellama::test {

inline const std::string kInvalid = "MODEL_INVALID: ";
inline const std::string kUnsupported = "MODEL_UNSUPPORTED: ";

// The refusal of TinyLlama with something changed.
template <typename Change>
std::string After(const Change& change) {
  GgufDraft draft = TinyLlama();
  change(draft);
  return ModelRefusal(draft);
}

inline std::string WithUnsigned(const std::string& key, uint32_t value) {
  return After([&](GgufDraft& draft) { draft.SetUnsigned(key, value); });
}

inline std::string WithUnsigneds(const std::string& key, const std::vector<uint32_t>& values) {
  return After([&](GgufDraft& draft) { draft.SetUnsigneds(key, values); });
}

inline std::string WithFloat(const std::string& key, float value) {
  return After([&](GgufDraft& draft) { draft.SetFloat(key, value); });
}

inline std::string WithText(const std::string& key, const std::string& value) {
  return After([&](GgufDraft& draft) { draft.SetText(key, value); });
}

inline std::string Without(const std::string& key) {
  return After([&](GgufDraft& draft) { draft.Remove(key); });
}

}  // namespace codellama::test
