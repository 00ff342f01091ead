#include "engine/gguf/checker.h"

namespace codellama {

void GgufChecker::Fail(const std::string& message, ErrorCode code) const {
  throw Error(code, path_ + ": " + message);
}

std::optional<uint32_t> GgufChecker::Unsigned(const std::string& key) const {
  const GgufValue* value = file_.Find(key);
  if (!value) return std::nullopt;
  CheckType(key, *value, GgufType::kUint32);
  return static_cast<uint32_t>(value->IntegerAt(0));
}

std::optional<float> GgufChecker::Float(const std::string& key) const {
  const GgufValue* value = file_.Find(key);
  if (!value) return std::nullopt;
  CheckType(key, *value, GgufType::kFloat32);
  return static_cast<float>(value->NumberAt(0));
}

std::optional<bool> GgufChecker::Bool(const std::string& key) const {
  const GgufValue* value = file_.Find(key);
  if (!value) return std::nullopt;
  CheckType(key, *value, GgufType::kBool);
  return value->IntegerAt(0) != 0;
}

std::optional<std::string_view> GgufChecker::String(const std::string& key) const {
  const GgufValue* value = file_.Find(key);
  if (!value) return std::nullopt;
  CheckType(key, *value, GgufType::kString);
  return BeforeNul(value->StringAt(0));
}

uint32_t GgufChecker::Unsigned(const std::string& key, uint32_t least, uint32_t most) const {
  const std::optional<uint32_t> value = Unsigned(key);
  if (!value) Fail(key + " is missing");
  if (*value < least) {
    Fail(key + " is " + std::to_string(*value) + "; it must be at least " + std::to_string(least));
  }
  if (*value > most) {
    Fail(key + " is " + std::to_string(*value) + "; it must be at most " + std::to_string(most));
  }
  return *value;
}

std::optional<std::vector<uint32_t>> GgufChecker::PerLayer(const std::string& key,
                                                           uint32_t layers) const {
  const GgufValue* value = file_.Find(key);
  if (!value) return std::nullopt;
  if (!value->is_array()) return std::vector<uint32_t>(layers, *Unsigned(key));
  if (value->type() != GgufType::kUint32 && value->type() != GgufType::kInt32 &&
      value->type() != GgufType::kBool) {
    Fail(key + " has the type " + value->TypeName() + "; it must be u32, arr[u32] or arr[i32]");
  }
  if (value->size() != layers) {
    Fail(key + " has " + std::to_string(value->size()) +
         " elements; it must have one for each of " + std::to_string(layers) + " layers");
  }
  std::vector<uint32_t> numbers(layers);
  for (uint32_t i = 0; i < layers; ++i) numbers[i] = static_cast<uint32_t>(value->IntegerAt(i));
  return numbers;
}

void GgufChecker::RequireSameInAllLayers(const std::string& key,
                                         const std::vector<uint32_t>& numbers) const {
  for (size_t i = 1; i < numbers.size(); ++i) {
    if (numbers[i] == numbers[0]) continue;
    Fail(key + " is " + std::to_string(numbers[0]) + " for layer 0 and " +
         std::to_string(numbers[i]) + " for layer " + std::to_string(i) +
         "; this architecture needs the same for all layers");
  }
}

const GgufValue* GgufChecker::Strings(const std::string& key) const {
  const GgufValue* value = file_.Find(key);
  if (value && (!value->is_array() || value->type() != GgufType::kString)) {
    Fail(key + " has the type " + value->TypeName() + "; it must be arr[str]");
  }
  return value;
}

void GgufChecker::CheckType(const std::string& key, const GgufValue& value, GgufType type) const {
  if (!value.is_array() && value.type() == type) return;
  Fail(key + " has the type " + value.TypeName() + "; it must be " + GgufTypeName(type));
}

std::string_view BeforeNul(std::string_view text) { return text.substr(0, text.find('\0')); }

}  // namespace codellama
