// A JSON Schema document: its draft, and where its references lead.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/schema/json_value.h"

namespace codellama {

enum class Draft : uint8_t { k4, k6, k7, k2019, k2020 };

// A schema inside the document, by its number: 0 is the whole document.
using SchemaNumber = uint32_t;

class SchemaDocument {
 public:
  // Throws kInvalidGrammar for a text that is not JSON, or a `$schema` of an unknown draft.
  explicit SchemaDocument(std::string_view text);
  SchemaDocument(const SchemaDocument&) = delete;
  SchemaDocument& operator=(const SchemaDocument&) = delete;

  Draft draft() const { return draft_; }
  const JsonValue& value(SchemaNumber schema) const { return *places_[schema].value; }
  // The JSON pointer from the document's root, "" for the root.
  const std::string& pointer(SchemaNumber schema) const { return places_[schema].pointer; }

  // Whether some member's name begins with `prefix`.
  bool HasKeyword(std::string_view prefix) const;

  // The number of a value inside the document that is used as a schema.
  SchemaNumber NumberOf(const JsonValue& value) const;

  // The schema that `reference` names, seen from `schema`. Throws kInvalidGrammar for one outside
  // the document.
  SchemaNumber Resolve(SchemaNumber schema, const std::string& reference) const;
  // The same for `$dynamicRef`. Throws kInvalidGrammar where the target depends on the path.
  SchemaNumber ResolveDynamic(SchemaNumber schema, const std::string& reference) const;

 private:
  struct Place {
    const JsonValue* value = nullptr;
    std::string pointer;
    std::string base;  // URI of the resource that it belongs to
  };

  void ReadDraft();
  // What the members of a value are.
  enum class Role : uint8_t { kSchema, kMapOfSchemas, kData };

  void Register(const JsonValue& value, const std::string& pointer, std::string base, Role role);
  static Role RoleOfMember(Role role, std::string_view name);
  void RegisterNames(const JsonValue& value, std::string* base, SchemaNumber number);
  const JsonValue* FollowPointer(const JsonValue& from, std::string_view pointer) const;

  JsonValue root_;
  Draft draft_ = Draft::k2020;
  std::vector<Place> places_;
  std::unordered_map<const JsonValue*, SchemaNumber> numbers_;
  std::unordered_map<std::string, SchemaNumber>
      resources_;  // by absolute URI, anchors with "#name"
  std::unordered_map<std::string, uint32_t> dynamic_anchors_;  // how many have the name
};

}  // namespace codellama
