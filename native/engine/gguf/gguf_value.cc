#include "engine/gguf/gguf_value.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

namespace codellama {
namespace {

template <typename T>
T Load(const std::string& bytes, size_t index) {
  T value;
  std::memcpy(&value, bytes.data() + index * sizeof(T), sizeof(T));
  return value;
}

}  // namespace

const char* GgufTypeName(GgufType type) {
  switch (type) {
    case GgufType::kUint8:
      return "u8";
    case GgufType::kInt8:
      return "i8";
    case GgufType::kUint16:
      return "u16";
    case GgufType::kInt16:
      return "i16";
    case GgufType::kUint32:
      return "u32";
    case GgufType::kInt32:
      return "i32";
    case GgufType::kFloat32:
      return "f32";
    case GgufType::kBool:
      return "bool";
    case GgufType::kString:
      return "str";
    case GgufType::kArray:
      return "arr";
    case GgufType::kUint64:
      return "u64";
    case GgufType::kInt64:
      return "i64";
    case GgufType::kFloat64:
      return "f64";
  }
  return "unknown";
}

size_t GgufTypeSize(GgufType type) {
  switch (type) {
    case GgufType::kUint8:
    case GgufType::kInt8:
    case GgufType::kBool:
      return 1;
    case GgufType::kUint16:
    case GgufType::kInt16:
      return 2;
    case GgufType::kUint32:
    case GgufType::kInt32:
    case GgufType::kFloat32:
      return 4;
    case GgufType::kUint64:
    case GgufType::kInt64:
    case GgufType::kFloat64:
      return 8;
    case GgufType::kString:
    case GgufType::kArray:
      return 0;
  }
  return 0;
}

GgufValue GgufValue::Numbers(GgufType type, bool is_array, std::string bytes) {
  GgufValue value;
  value.type_ = type;
  value.is_array_ = is_array;
  value.bytes_ = std::move(bytes);
  return value;
}

GgufValue GgufValue::Strings(bool is_array, std::string text, std::vector<size_t> ends) {
  GgufValue value;
  value.type_ = GgufType::kString;
  value.is_array_ = is_array;
  value.bytes_ = std::move(text);
  value.ends_ = std::move(ends);
  return value;
}

size_t GgufValue::size() const {
  if (type_ == GgufType::kString) return ends_.size();
  const size_t element_size = GgufTypeSize(type_);
  return element_size == 0 ? 0 : bytes_.size() / element_size;
}

std::string GgufValue::TypeName() const {
  const std::string name = GgufTypeName(type_);
  return is_array_ ? "arr[" + name + "]" : name;
}

std::optional<int64_t> GgufValue::Integer() const {
  if (is_array_ || !IsInteger()) return std::nullopt;
  return IntegerAt(0);
}

std::optional<double> GgufValue::Number() const {
  if (is_array_ || !(IsInteger() || IsFloat())) return std::nullopt;
  return NumberAt(0);
}

std::optional<bool> GgufValue::Bool() const {
  if (is_array_ || type_ != GgufType::kBool) return std::nullopt;
  return IntegerAt(0) != 0;
}

std::optional<std::string_view> GgufValue::String() const {
  if (is_array_ || type_ != GgufType::kString) return std::nullopt;
  return StringAt(0);
}

int64_t GgufValue::IntegerAt(size_t index) const {
  if (index >= size()) return 0;
  switch (type_) {
    case GgufType::kUint8:
    case GgufType::kBool:
      return Load<uint8_t>(bytes_, index);
    case GgufType::kInt8:
      return Load<int8_t>(bytes_, index);
    case GgufType::kUint16:
      return Load<uint16_t>(bytes_, index);
    case GgufType::kInt16:
      return Load<int16_t>(bytes_, index);
    case GgufType::kUint32:
      return Load<uint32_t>(bytes_, index);
    case GgufType::kInt32:
      return Load<int32_t>(bytes_, index);
    case GgufType::kInt64:
      return Load<int64_t>(bytes_, index);
    case GgufType::kUint64: {
      constexpr uint64_t kLargest = std::numeric_limits<int64_t>::max();
      return static_cast<int64_t>(std::min(Load<uint64_t>(bytes_, index), kLargest));
    }
    default:
      return 0;
  }
}

double GgufValue::NumberAt(size_t index) const {
  if (index >= size()) return 0;
  if (type_ == GgufType::kFloat32) return Load<float>(bytes_, index);
  if (type_ == GgufType::kFloat64) return Load<double>(bytes_, index);
  return static_cast<double>(IntegerAt(index));
}

std::string_view GgufValue::StringAt(size_t index) const {
  if (index >= ends_.size()) return {};
  const size_t begin = index == 0 ? 0 : ends_[index - 1];
  return std::string_view(bytes_).substr(begin, ends_[index] - begin);
}

std::optional<std::vector<std::string>> GgufValue::StringArray() const {
  if (!is_array_ || type_ != GgufType::kString) return std::nullopt;
  std::vector<std::string> strings;
  strings.reserve(size());
  for (size_t i = 0; i < size(); ++i) strings.emplace_back(StringAt(i));
  return strings;
}

std::optional<std::vector<int64_t>> GgufValue::IntegerArray() const {
  if (!is_array_ || !IsInteger()) return std::nullopt;
  std::vector<int64_t> integers(size());
  for (size_t i = 0; i < integers.size(); ++i) integers[i] = IntegerAt(i);
  return integers;
}

std::optional<std::vector<double>> GgufValue::NumberArray() const {
  if (!is_array_ || !(IsInteger() || IsFloat())) return std::nullopt;
  std::vector<double> numbers(size());
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = NumberAt(i);
  return numbers;
}

bool GgufValue::IsInteger() const {
  switch (type_) {
    case GgufType::kUint8:
    case GgufType::kInt8:
    case GgufType::kUint16:
    case GgufType::kInt16:
    case GgufType::kUint32:
    case GgufType::kInt32:
    case GgufType::kUint64:
    case GgufType::kInt64:
      return true;
    default:
      return false;
  }
}

bool GgufValue::IsFloat() const {
  return type_ == GgufType::kFloat32 || type_ == GgufType::kFloat64;
}

}  // namespace codellama
