// Errors for a TinyLlama that has one change.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "support/check.h"
#include "support/gguf_refusal.h"
#include "support/gguf_writer.h"
#include "support/tiny_llama.h"

namespace codellama::test {

inline const std::string kInvalid = "MODEL_INVALID: ";
inline const std::string kUnsupported = "MODEL_UNSUPPORTED: ";

// The error for TinyLlama after `change`. "" = CheckModel() accepts it.
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

// Gives a model another architecture: the name, and the prefix of its keys.
inline void RenameArchitecture(GgufDraft& draft, const std::string& architecture) {
  draft.SetText("general.architecture", architecture);
  for (DraftEntry& entry : draft.entries) {
    if (entry.key.starts_with("llama.")) entry.key.replace(0, 5, architecture);
  }
}

// The error for a number that breaks a rule.
inline std::string InvalidNumber(const std::string& key, uint32_t value, const std::string& rule) {
  return kInvalid + key + " is " + std::to_string(value) + "; it must be " + rule;
}

// TinyLlama must be refused with this number under this key.
inline void CheckRefused(const std::string& key, uint32_t value, const std::string& rule) {
  CHECK_EQ(WithUnsigned(key, value), InvalidNumber(key, value, rule));
}

inline std::string Without(const std::string& key) {
  return After([&](GgufDraft& draft) { draft.Remove(key); });
}

}  // namespace codellama::test
