// A metadata value of a GGUF file: a number, a bool, a string, or an array of one of these types.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace codellama {

enum class GgufType : uint32_t {
  kUint8 = 0,
  kInt8 = 1,
  kUint16 = 2,
  kInt16 = 3,
  kUint32 = 4,
  kInt32 = 5,
  kFloat32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kUint64 = 10,
  kInt64 = 11,
  kFloat64 = 12,
};

// "u32", "str" and so on: llama.cpp's names.
const char* GgufTypeName(GgufType type);

// Size in bytes of a number or bool of this type. 0 for strings, arrays and unknown types.
size_t GgufTypeSize(GgufType type);

// Stores the bytes of the file, so a value takes no more memory than its space in the file.
class GgufValue {
 public:
  // A number, a bool, or an array of them. `bytes` is little-endian, as in the file.
  static GgufValue Numbers(GgufType type, bool is_array, std::string bytes);

  // A string, or an array of strings. `text` is their concatenation; `ends` holds the end of each.
  static GgufValue Strings(bool is_array, std::string text, std::vector<size_t> ends);

  bool is_array() const { return is_array_; }
  // The type of the value, or of the elements when it is an array.
  GgufType type() const { return type_; }
  // The number of elements; 1 for a scalar.
  size_t size() const;
  // "u32", or "arr[str]" for an array.
  std::string TypeName() const;

  // The value of a scalar. Nothing for arrays and for other types.
  std::optional<int64_t> Integer() const;
  std::optional<double> Number() const;
  std::optional<bool> Bool() const;
  std::optional<std::string_view> String() const;

  // One element; 0 or "" when the type does not match or the index is out of range. An unsigned
  // 64-bit number that is too large for int64_t gives the largest int64_t.
  int64_t IntegerAt(size_t index) const;
  double NumberAt(size_t index) const;
  std::string_view StringAt(size_t index) const;

  // All elements. Nothing when the value is not an array of this type.
  std::optional<std::vector<std::string>> StringArray() const;
  std::optional<std::vector<int64_t>> IntegerArray() const;
  std::optional<std::vector<double>> NumberArray() const;

  bool IsInteger() const;  // integers of any width, or an array of them
  bool IsFloat() const;

 private:
  GgufType type_ = GgufType::kUint8;
  bool is_array_ = false;
  std::string bytes_;
  std::vector<size_t> ends_;
};

}  // namespace codellama
