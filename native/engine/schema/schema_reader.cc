#include "engine/schema/schema_reader.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "engine/base/error.h"
#include "engine/regex/number_texts.h"
#include "engine/schema/schema_error.h"

namespace codellama {

namespace {

using Kind = JsonValue::Kind;

constexpr size_t kMaxReads = 20'000;
constexpr size_t kMaxNesting = 500;

[[noreturn]] void Refuse(const std::string& pointer, const std::string& what) {
  throw Error(ErrorCode::kInvalidGrammar, (pointer.empty() ? "/" : pointer) + ": " + what);
}

// Throws the current error again. It names the schema at `pointer`, unless it names one already.
[[noreturn]] void RethrowAt(const std::string& pointer) {
  try {
    throw;
  } catch (const KeywordError& error) {
    if (error.pointer()) throw;
    throw error.At(pointer);
  } catch (const Error& error) {
    const std::string message = error.what();
    if (error.code() != ErrorCode::kInvalidGrammar || message.starts_with('/')) throw;
    Refuse(pointer, message);
  }
}

}  // namespace

const ValueSet& SchemaReader::SetOf(const Goal& goal) {
  const auto known = goals_.find(goal);
  if (known != goals_.end()) return known->second;
  if (goals_.size() >= kMaxReads) {
    Refuse("", "the schema has more than " + std::to_string(kMaxReads) + " combined subschemas");
  }
  ValueSet set = AdmitsNothing(goal) ? ValueSet() : ValueSet::All();
  for (const Condition& condition : goal) {
    if (condition.kind == Condition::Kind::kNever) continue;
    const std::string& pointer = document_.pointer(condition.number);
    try {
      const ValueSet part = condition.kind == Condition::Kind::kConstant
                                ? ReadConstant(document_.value(condition.number))
                                : SetOfSchema(condition.number);
      set = And(set, condition.negated ? Not(part) : part);
    } catch (const Error&) {
      RethrowAt(pointer);
    }
  }
  return goals_.emplace(goal, std::move(set)).first->second;
}

const ValueSet& SchemaReader::SetOfSchema(SchemaNumber schema) {
  const auto known = schemas_.find(schema);
  if (known != schemas_.end()) return known->second;
  if (open_.size() >= kMaxNesting) {
    Refuse(document_.pointer(schema),
           "references and subschemas nest deeper than " + std::to_string(kMaxNesting) + " levels");
  }
  if (!open_.insert(schema).second) {
    Refuse(document_.pointer(schema), "the schema refers to itself without a value in between");
  }
  try {
    ValueSet set = Read(schema);
    open_.erase(schema);
    return schemas_.emplace(schema, std::move(set)).first->second;
  } catch (...) {
    open_.erase(schema);
    throw;
  }
}

Goal SchemaReader::GoalOf(const JsonValue& schema) const {
  if (schema.Is(Kind::kBoolean)) return schema.boolean ? Goal() : NoValue();
  if (schema.Is(Kind::kObject) && schema.members.empty()) return {};
  return {{Condition::Kind::kSchema, false, document_.NumberOf(schema)}};
}

const ValueSet& SchemaReader::SetOfSubschema(const JsonValue& schema) {
  return SetOfSchema(document_.NumberOf(schema));
}

ValueSet SchemaReader::Read(SchemaNumber schema) {
  const JsonValue& value = document_.value(schema);
  if (value.Is(Kind::kBoolean)) return value.boolean ? ValueSet::All() : ValueSet();
  const std::string& pointer = document_.pointer(schema);
  if (!value.Is(Kind::kObject)) Refuse(pointer, "a schema must be an object, true or false");
  try {
    return ReadObjectSchema(schema, value);
  } catch (const Error&) {
    RethrowAt(pointer);
  }
}

ValueSet SchemaReader::ReadObjectSchema(SchemaNumber schema, const JsonValue& value) {
  const JsonValue* reference = value.Find("$ref");
  if (reference != nullptr && document_.draft() <= Draft::k7) {
    if (!reference->Is(Kind::kString)) RefuseMalformed("$ref", "must be a string");
    return SetOfSchema(document_.Resolve(schema, reference->text));
  }
  ValueSet set = ValueSet::All();
  if (const JsonValue* type = value.Find("type")) ReadType(*type, &set);
  if (const JsonValue* values = value.Find("enum")) {
    set = ReadingKeyword("enum", [&] { return And(set, ReadEnum(*values)); });
  }
  if (const JsonValue* constant = value.Find("const")) {
    set = ReadingKeyword("const", [&] { return And(set, ReadConstant(*constant)); });
  }
  if (!set.numbers->IsEmpty()) ReadNumbers(value, &set);
  if (!set.strings->IsEmpty()) ReadStrings(value, &set);
  if (!set.arrays.empty()) ReadArrays(value, &set);
  if (!set.objects.empty()) ReadObjects(value, &set);
  ReadApplicators(schema, value, &set);
  return set;
}

void SchemaReader::ReadType(const JsonValue& type, ValueSet* set) const {
  std::vector<std::string_view> names;
  if (type.Is(Kind::kString)) names.push_back(type.text);
  for (const JsonValue& each : type.items) names.push_back(each.text);
  ValueSet typed;
  for (const std::string_view name : names) {
    if (name == "null") {
      typed.has_null = true;
    } else if (name == "boolean") {
      typed.has_true = typed.has_false = true;
    } else if (name == "number") {
      typed.numbers = AllNumbers();
    } else if (name == "integer") {
      typed.numbers = Union(typed.numbers, AllIntegers());
    } else if (name == "string") {
      typed.strings = AllTexts();
    } else if (name == "array") {
      typed.arrays = {ArrayShape{}};
    } else if (name == "object") {
      typed.objects = {ObjectShape::Any()};
    } else if (name == "any") {
      typed = ValueSet::All();  // from draft-03
    } else {
      RefuseMalformed("type", "must name JSON types");
    }
  }
  *set = And(*set, typed);
}

ValueSet SchemaReader::ReadEnum(const JsonValue& values) const {
  if (!values.Is(Kind::kArray)) RefuseMalformed("enum", "must be an array");
  std::vector<std::string_view> strings;
  std::vector<std::string> numbers;
  ValueSet set;
  for (const JsonValue& each : values.items) {
    if (each.Is(Kind::kString)) {
      strings.push_back(each.text);
    } else if (each.Is(Kind::kNumber)) {
      numbers.push_back(CanonicalText(ParseDecimal(each.text)));
    } else {
      set = Or(set, ReadConstant(each));
    }
  }
  set.strings = AnyOfTexts(strings);
  set.numbers = AnyOfTexts({numbers.begin(), numbers.end()});
  return set;
}

ValueSet SchemaReader::ReadConstant(const JsonValue& value) const {
  const auto goal_of = [this](const JsonValue& each) {
    return Goal{{Condition::Kind::kConstant, false, document_.NumberOf(each)}};
  };
  ValueSet set;
  switch (value.kind) {
    case Kind::kNull:
      set.has_null = true;
      break;
    case Kind::kBoolean:
      (value.boolean ? set.has_true : set.has_false) = true;
      break;
    case Kind::kNumber:
      set.numbers = OneText(CanonicalText(ParseDecimal(value.text)));
      break;
    case Kind::kString:
      set.strings = OneText(value.text);
      break;
    case Kind::kArray: {
      ArrayShape& shape = set.arrays.emplace_back();
      for (const JsonValue& item : value.items) shape.prefix.push_back(goal_of(item));
      shape.minimum = shape.maximum = value.items.size();
      break;
    }
    case Kind::kObject: {
      ObjectShape& shape = set.objects.emplace_back();
      for (const auto& [name, member] : value.members) {
        shape.named.emplace(name, goal_of(member));
        shape.required.insert(name);
      }
      break;
    }
  }
  return set;
}

void SchemaReader::RefuseGoal(const Goal& goal, const KeywordError& error) const {
  std::set<SchemaNumber> seen;
  for (const Condition& condition : goal) {
    if (condition.kind != Condition::Kind::kSchema) continue;
    const auto owner = OwnerOf(error.keyword(), condition.number, &seen);
    if (owner) throw error.At(document_.pointer(*owner));
  }
  throw error;
}

std::optional<SchemaNumber> SchemaReader::OwnerOf(const std::string& keyword, SchemaNumber schema,
                                                  std::set<SchemaNumber>* seen) const {
  if (!seen->insert(schema).second) return std::nullopt;
  const JsonValue& value = document_.value(schema);
  if (value.Find(keyword) != nullptr) return schema;
  const auto search = [&](SchemaNumber next) { return OwnerOf(keyword, next, seen); };
  if (const JsonValue* reference = value.Find("$ref")) {
    if (const auto owner = search(document_.Resolve(schema, reference->text))) return owner;
  }
  for (const char* applicator : {"allOf", "anyOf", "oneOf", "not", "if", "then", "else"}) {
    const JsonValue* applied = value.Find(applicator);
    if (applied == nullptr) continue;
    if (applied->Is(Kind::kObject)) {
      if (const auto owner = search(document_.NumberOf(*applied))) return owner;
    }
    for (const JsonValue& each : applied->items) {
      if (const auto owner = search(document_.NumberOf(each))) return owner;
    }
  }
  return std::nullopt;
}

bool SchemaReader::IsSurelyEmpty(const ValueSet& set, size_t depth) {
  const auto empty = [&](const auto& shape) { return IsSurelyEmpty(shape, depth); };
  return !set.HasScalars() && std::all_of(set.objects.begin(), set.objects.end(), empty) &&
         std::all_of(set.arrays.begin(), set.arrays.end(), empty);
}

bool SchemaReader::IsSurelyEmpty(const ObjectShape& shape, size_t depth) {
  return IsImpossible(shape) ||
         std::any_of(shape.required.begin(), shape.required.end(), [&](const std::string& name) {
           return IsSurelyEmpty(shape.GoalOf(name), depth);
         });
}

bool SchemaReader::IsSurelyEmpty(const ArrayShape& shape, size_t depth) {
  if (IsImpossible(shape)) return true;
  for (uint64_t i = 0; i < std::min<uint64_t>(shape.minimum, shape.prefix.size() + 1); i++) {
    if (IsSurelyEmpty(shape.GoalAt(i), depth)) return true;
  }
  return false;
}

bool SchemaReader::IsSurelyEmpty(const Goal& goal, size_t depth) {
  if (AdmitsNothing(goal)) return true;
  if (depth == 0) return false;
  for (const Condition& condition : goal) {
    // The schema is being read, so its set is not known yet.
    if (condition.kind == Condition::Kind::kSchema && open_.contains(condition.number))
      return false;
  }
  const ValueSet* set = nullptr;
  try {
    set = &SetOf(goal);
  } catch (const Error&) {
    return false;
  }
  return IsSurelyEmpty(*set, depth - 1);
}

}  // namespace codellama
