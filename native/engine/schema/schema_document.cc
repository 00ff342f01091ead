#include "engine/schema/schema_document.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "engine/schema/json_pointer.h"
#include "engine/schema/schema_error.h"
#include "engine/schema/uri.h"

namespace codellama {

namespace {

using Kind = JsonValue::Kind;

// Base URI of a document without `$id`. With it, all references resolve in the same way.
constexpr const char* kDefaultBase = "schema:/";

bool IsOneOf(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string WithoutFragment(const std::string& uri) { return uri.substr(0, uri.find('#')); }

}  // namespace

SchemaDocument::SchemaDocument(JsonValue root) : root_(std::move(root)) {
  ReadDraft();
  Register(root_, "", kDefaultBase, Role::kSchema);
  resources_.try_emplace(kDefaultBase, 0);
}

void SchemaDocument::ReadDraft() {
  const JsonValue* schema = root_.Find("$schema");
  if (schema == nullptr || !schema->Is(Kind::kString)) return;
  static constexpr std::pair<const char*, Draft> kDrafts[] = {
      {"draft-03/", Draft::k4},    {"draft-04/", Draft::k4},   {"draft-06/", Draft::k6},
      {"draft-07/", Draft::k7},    {"2019-09/", Draft::k2019}, {"2020-12/", Draft::k2020},
      {"org/schema", Draft::k2020}};
  for (const auto& [part, draft] : kDrafts) {
    if (schema->text.find(part) == std::string::npos) continue;
    draft_ = draft;
    return;
  }
}

SchemaDocument::Role SchemaDocument::RoleOfMember(Role role, std::string_view name) {
  if (role == Role::kData) return Role::kData;
  if (role == Role::kMapOfSchemas) return Role::kSchema;
  if (IsOneOf(name, {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas",
                     "dependencies"})) {
    return Role::kMapOfSchemas;
  }
  const bool schema =
      IsOneOf(name, {"items", "prefixItems", "additionalItems", "contains", "additionalProperties",
                     "propertyNames", "allOf", "anyOf", "oneOf", "not", "if", "then", "else",
                     "unevaluatedItems", "unevaluatedProperties", "contentSchema"});
  return schema ? Role::kSchema : Role::kData;
}

void SchemaDocument::Register(const JsonValue& value, const std::string& pointer, std::string base,
                              Role role) {
  const auto number = static_cast<SchemaNumber>(places_.size());
  if (value.Is(Kind::kObject) && role == Role::kSchema) RegisterNames(value, &base, number);
  places_.push_back({&value, pointer, base});
  numbers_.emplace(&value, number);
  for (size_t i = 0; i < value.items.size(); i++) {
    Register(value.items[i], pointer + "/" + std::to_string(i), base, role);
  }
  for (const auto& [name, member] : value.members) {
    Register(member, pointer + "/" + EscapePointerPart(name), base, RoleOfMember(role, name));
  }
}

void SchemaDocument::RegisterNames(const JsonValue& value, std::string* base, SchemaNumber number) {
  const auto text = [&](const char* name) -> const std::string* {
    const JsonValue* member = value.Find(name);
    return member != nullptr && member->Is(Kind::kString) ? &member->text : nullptr;
  };
  const bool old = draft_ <= Draft::k7;
  // Before 2019-09, a `$ref` makes its sibling keywords ineffective.
  if (old && text("$ref") != nullptr) return;
  const std::string* id = draft_ == Draft::k4 ? text("id") : text("$id");
  if (id != nullptr) {
    const std::string uri = ResolveUri(*base, *id);
    // In older drafts an `$id` that is a fragment defines an anchor.
    if (old && id->starts_with('#')) {
      resources_.try_emplace(uri, number);
    } else {
      *base = WithoutFragment(uri);
      resources_.try_emplace(*base, number);
    }
  }
  for (const char* keyword : {"$anchor", "$dynamicAnchor"}) {
    if (const std::string* anchor = text(keyword)) {
      resources_.try_emplace(*base + "#" + *anchor, number);
      if (keyword[1] == 'd') dynamic_anchors_[*anchor]++;
    }
  }
}

bool SchemaDocument::HasKeyword(std::string_view prefix) const {
  return std::any_of(places_.begin(), places_.end(), [&](const Place& place) {
    const auto& members = place.value->members;
    return std::any_of(members.begin(), members.end(),
                       [&](const auto& member) { return member.name.starts_with(prefix); });
  });
}

SchemaNumber SchemaDocument::NumberOf(const JsonValue& value) const { return numbers_.at(&value); }

const JsonValue* SchemaDocument::FollowPointer(const JsonValue& from,
                                               std::string_view pointer) const {
  const JsonValue* value = &from;
  while (!pointer.empty() && value != nullptr) {
    const std::string part = TakePointerPart(&pointer);
    if (value->Is(Kind::kArray)) {
      const bool number = !part.empty() && part.size() < 9 &&
                          part.find_first_not_of("0123456789") == std::string::npos;
      const size_t index = number ? std::stoul(part) : value->items.size();
      value = index < value->items.size() ? &value->items[index] : nullptr;
    } else {
      value = value->Find(part);
    }
  }
  return value;
}

SchemaNumber SchemaDocument::Resolve(SchemaNumber schema, const std::string& reference) const {
  const std::string uri = ResolveUri(places_[schema].base, reference);
  const std::string resource = WithoutFragment(uri);
  const std::string fragment =
      resource.size() < uri.size() ? DecodePercent(uri.substr(resource.size() + 1)) : "";
  if (!fragment.empty() && !fragment.starts_with('/')) {
    const auto anchor = resources_.find(resource + "#" + fragment);
    if (anchor != resources_.end()) return anchor->second;
  } else if (const auto found = resources_.find(resource); found != resources_.end()) {
    const JsonValue* target = FollowPointer(value(found->second), fragment);
    const auto number = target == nullptr ? numbers_.end() : numbers_.find(target);
    if (number != numbers_.end()) return number->second;
  }
  if (reference.starts_with('#')) {
    RefuseMalformed("$ref", "names " + reference + ", which is not in the schema");
  }
  RefuseUnenforceable("$ref", "because " + reference + " is not in the schema");
}

SchemaNumber SchemaDocument::ResolveDynamic(SchemaNumber schema,
                                            const std::string& reference) const {
  const SchemaNumber target = Resolve(schema, reference);
  const std::string name = reference.substr(reference.find('#') + 1);
  const auto anchors = dynamic_anchors_.find(name);
  if (anchors == dynamic_anchors_.end() || anchors->second <= 1) return target;
  RefuseUnenforceable("$dynamicRef", "if several schemas have the anchor " + name);
}

}  // namespace codellama
