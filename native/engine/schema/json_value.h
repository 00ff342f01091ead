// Parses a JSON document (RFC 8259) into a tree. The tree keeps the order of members and the exact
// digits of numbers, because JSON Schema needs both.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace codellama {

struct JsonMember;

struct JsonValue {
  enum class Kind : uint8_t { kNull, kBoolean, kNumber, kString, kArray, kObject };

  Kind kind = Kind::kNull;
  bool boolean = false;
  std::string text;                 // string in UTF-8, or digits of a number
  std::vector<JsonValue> items;     // items of an array
  std::vector<JsonMember> members;  // object members; names are unique

  bool Is(Kind other) const { return kind == other; }
  // The member with that name. Null if there is no such member, or this is not an object.
  const JsonValue* Find(std::string_view name) const;
};

struct JsonMember {
  std::string name;
  JsonValue value;
};

// Maximum nesting of arrays and objects.
inline constexpr size_t kMaxJsonNesting = 256;

// Throws kInvalidGrammar, naming the byte, if the text is not JSON or nests too deep. If two
// members have the same name, the later value replaces the earlier one.
JsonValue ParseJson(std::string_view text);

// The text as a JSON string, with the fewest escapes.
std::string QuotedJson(std::string_view text);

}  // namespace codellama
