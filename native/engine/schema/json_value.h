// A JSON document as a tree that keeps what JSON Schema needs: the order of members and the exact
// digits of numbers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace codellama {

struct JsonValue {
  enum class Kind : uint8_t { kNull, kBoolean, kNumber, kString, kArray, kObject };

  Kind kind = Kind::kNull;
  bool boolean = false;
  std::string text;                                        // a string's UTF-8, or a number's digits
  std::vector<JsonValue> items;                            // of an array
  std::vector<std::pair<std::string, JsonValue>> members;  // of an object; names are unique

  bool Is(Kind other) const { return kind == other; }
  // The member of that name, or null.
  const JsonValue* Find(std::string_view name) const;
};

// The deepest nesting that is read.
inline constexpr size_t kMostJsonNesting = 256;

// Throws kInvalidGrammar, naming the byte, for a text that is not JSON or nests deeper. Of two
// members with one name the last one stays.
JsonValue ParseJson(std::string_view text);

}  // namespace codellama
