// A JSON Schema document (JSON Schema 2020-12 core, sections 8 and 9): its draft, and the schemas
// that its references point to. References are URIs (RFC 3986) with JSON pointers (RFC 6901) or
// anchors.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/schema/json_value.h"

namespace codellama {

// Version of the JSON Schema specification. k4 also stands for draft-03.
enum class Draft : uint8_t { k4, k6, k7, k2019, k2020 };

// Number of a JSON value inside the document. 0 = the whole document.
using SchemaNumber = uint32_t;

class SchemaDocument {
 public:
  // A missing or unknown `$schema` means draft 2020-12.
  explicit SchemaDocument(JsonValue root);
  SchemaDocument(const SchemaDocument&) = delete;
  SchemaDocument& operator=(const SchemaDocument&) = delete;

  Draft draft() const { return draft_; }
  const JsonValue& value(SchemaNumber schema) const { return *places_[schema].value; }
  // JSON pointer from the root of the document. "" = the root.
  const std::string& pointer(SchemaNumber schema) const { return places_[schema].pointer; }

  // Whether any object in the document has a member whose name starts with `prefix`.
  bool HasKeyword(std::string_view prefix) const;

  // The number of a value that belongs to this document.
  SchemaNumber NumberOf(const JsonValue& value) const;

  // The target of a `$ref` inside `schema`. Throws kInvalidGrammar if the target is not in the
  // document.
  SchemaNumber Resolve(SchemaNumber schema, const std::string& reference) const;
  // The target of a `$dynamicRef`. Throws kInvalidGrammar if it depends on the evaluation path.
  SchemaNumber ResolveDynamic(SchemaNumber schema, const std::string& reference) const;

  // Purpose of a JSON value: a schema, an object whose members are schemas, or plain data. An array
  // passes its role on to its items.
  enum class Role : uint8_t { kSchema, kMapOfSchemas, kData };
  // The role of a member of an object that has the role `role`.
  static Role RoleOfMember(Role role, std::string_view name);

 private:
  struct Place {
    const JsonValue* value = nullptr;
    std::string pointer;
    std::string base;  // absolute URI against which references inside the value are resolved
  };

  void ReadDraft();
  // Numbers a value and everything inside it, and records its URIs.
  void Register(const JsonValue& value, const std::string& pointer, std::string base, Role role);
  // Records `$id` and anchors of a schema. Updates `base` if the schema has an `$id`.
  void RegisterNames(const JsonValue& value, std::string* base, SchemaNumber number);
  // The value at a JSON pointer, or null.
  const JsonValue* FollowPointer(const JsonValue& from, std::string_view pointer) const;

  JsonValue root_;
  Draft draft_ = Draft::k2020;
  std::vector<Place> places_;  // by number
  std::unordered_map<const JsonValue*, SchemaNumber> numbers_;
  // Schemas by absolute URI; an anchor adds "#name".
  std::unordered_map<std::string, SchemaNumber> resources_;
  std::unordered_map<std::string, uint32_t> dynamic_anchors_;  // number of schemas by anchor name
};

}  // namespace codellama
