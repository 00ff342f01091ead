// Keywords that apply or combine schemas: `$ref`, `allOf`, `anyOf`, `oneOf`, `not`, `if`,
// `dependentSchemas`, `unevaluatedProperties` and the like (JSON Schema 2020-12 core, sections 8,
// 10 and 11).
#include <algorithm>
#include <string_view>

#include "engine/schema/schema_error.h"
#include "engine/schema/schema_reader.h"

namespace codellama {

namespace {

using Kind = JsonValue::Kind;

// Maximum depth of required properties that are compared to find out that two alternatives of
// `oneOf` have no common value.
constexpr size_t kDisjointDepth = 4;

// The array of schemas of a keyword. Null if the keyword is absent.
const JsonValue* FindAlternatives(const JsonValue& value, const char* keyword) {
  const JsonValue* schemas = value.Find(keyword);
  if (schemas == nullptr) return nullptr;
  if (schemas->Is(Kind::kArray) && !schemas->items.empty()) return schemas;
  RefuseMalformed(keyword, "must be an array of schemas");
}

// All values that are not objects, and the objects of one shape: object keywords do not restrict
// other types.
ValueSet AllWith(ObjectShape shape) {
  ValueSet set = ValueSet::All();
  set.objects = {std::move(shape)};
  return set;
}

// The objects of one shape, and no other values.
ValueSet ObjectsOf(ObjectShape shape) {
  ValueSet set;
  set.objects = {std::move(shape)};
  return set;
}

}  // namespace

void SchemaReader::ReadApplicators(SchemaNumber schema, const JsonValue& value, ValueSet* set) {
  for (const char* keyword : {"$ref", "$dynamicRef", "$recursiveRef"}) {
    const JsonValue* reference = value.Find(keyword);
    if (reference == nullptr) continue;
    if (!reference->Is(Kind::kString)) RefuseMalformed(keyword, "must be a string");
    const bool dynamic = std::string_view(keyword) == "$dynamicRef";
    const ValueSet& target = SetOfSchema(dynamic ? document_.ResolveDynamic(schema, reference->text)
                                                 : document_.Resolve(schema, reference->text));
    *set = ReadingKeyword(keyword, [&] { return And(*set, target); });
  }
  ReadDependencies(value, set);
  if (const JsonValue* all = FindAlternatives(value, "allOf")) {
    for (const JsonValue& each : all->items) {
      const ValueSet& part = SetOfSubschema(each);
      *set = ReadingKeyword("allOf", [&] { return And(*set, part); });
    }
  }
  if (const JsonValue* any = FindAlternatives(value, "anyOf")) {
    *set = ReadingKeyword("anyOf", [&] { return And(*set, ReadAnyOf(*any)); });
  }
  if (const JsonValue* one = FindAlternatives(value, "oneOf")) {
    const bool exclusive = !inclusive_.contains(document_.pointer(schema));
    *set = ReadingKeyword("oneOf",
                          [&] { return And(*set, exclusive ? ReadOneOf(*one) : ReadAnyOf(*one)); });
  }
  if (const JsonValue* no = value.Find("not")) {
    const ValueSet& excluded = SetOfSubschema(*no);
    *set = ReadingKeyword("not", [&] { return And(*set, Not(excluded)); });
  }
  ReadConditional(value, set);
  ReadUnevaluated(value, set);
}

// The values that meet at least one alternative.
ValueSet SchemaReader::ReadAnyOf(const JsonValue& alternatives) {
  ValueSet result;
  for (const JsonValue& each : alternatives.items) {
    const ValueSet& next = SetOfSubschema(each);
    // A value may meet both alternatives, and then the properties and items that either one
    // evaluates count as evaluated.
    const bool together = tracks_evaluated_ && &each != &alternatives.items.front();
    const ValueSet both = together ? And(result, next) : ValueSet();
    result = Or(Or(result, next), both);
  }
  return result;
}

// The values that meet exactly one alternative.
ValueSet SchemaReader::ReadOneOf(const JsonValue& alternatives) {
  std::vector<const ValueSet*> sets;
  for (const JsonValue& each : alternatives.items) sets.push_back(&SetOfSubschema(each));
  ValueSet result;
  for (size_t i = 0; i < sets.size(); i++) {
    ValueSet only = *sets[i];
    for (size_t j = 0; j < sets.size(); j++) {
      if (i == j || IsSurelyEmpty(And(only, *sets[j]), kDisjointDepth)) continue;
      try {
        only = And(only, Not(*sets[j]));
      } catch (const Error& error) {
        if (error.code() != ErrorCode::kInvalidGrammar) throw;
        RefuseUnenforceable("oneOf", "because alternatives " + std::to_string(i) + " and " +
                                         std::to_string(j) + " may overlap: " + error.what());
      }
    }
    result = Or(result, only);
  }
  return result;
}

void SchemaReader::ReadConditional(const JsonValue& value, ValueSet* set) {
  const JsonValue* condition = value.Find("if");
  const JsonValue* then = value.Find("then");
  const JsonValue* otherwise = value.Find("else");
  const bool matters = then != nullptr || otherwise != nullptr || tracks_evaluated_;
  if (condition == nullptr || !matters) return;
  const ValueSet& meets = SetOfSubschema(*condition);
  const ValueSet& consequence = then == nullptr ? meets : SetOfSubschema(*then);
  const ValueSet* alternative = otherwise == nullptr ? nullptr : &SetOfSubschema(*otherwise);
  *set = ReadingKeyword("if", [&] {
    const ValueSet first = then == nullptr ? meets : And(meets, consequence);
    ValueSet second = Not(meets);
    if (alternative != nullptr) second = And(second, *alternative);
    return And(*set, Or(first, second));
  });
}

void SchemaReader::ReadDependencies(const JsonValue& value, ValueSet* set) {
  for (const char* keyword : {"dependentRequired", "dependentSchemas", "dependencies"}) {
    const JsonValue* dependencies = value.Find(keyword);
    if (dependencies == nullptr) continue;
    for (const auto& [name, dependency] : dependencies->members) {
      ObjectShape absent = ObjectShape::Any();
      ObjectShape present = ObjectShape::Any();
      if (dependency.Is(Kind::kArray)) {
        for (const JsonValue& each : dependency.items) present.implied[name].insert(each.text);
        *set = And(*set, AllWith(present));
        continue;
      }
      absent.named[name] = NoValue();
      present.required.insert(name);
      const ValueSet& consequence = SetOfSubschema(dependency);
      *set = ReadingKeyword(keyword, [&] {
        return And(*set, Or(AllWith(absent), And(ObjectsOf(present), consequence)));
      });
    }
  }
}

void SchemaReader::ReadUnevaluated(const JsonValue& value, ValueSet* set) {
  if (const JsonValue* schema = value.Find("unevaluatedProperties")) {
    for (ObjectShape& shape : set->objects) {
      ObjectShape rest;
      rest.others = {{shape.evaluated, {}},
                     {Difference(AllTexts(), shape.evaluated), GoalOf(*schema)}};
      std::erase_if(rest.others, [](const auto& each) {
        return each.names->IsEmpty() || AdmitsNothing(each.goal);
      });
      rest.evaluated = AllTexts();
      shape = Merged(shape, rest);
    }
    std::erase_if(set->objects, [](const ObjectShape& shape) { return IsImpossible(shape); });
  }
  if (const JsonValue* schema = value.Find("unevaluatedItems")) {
    for (ArrayShape& shape : set->arrays) {
      if (shape.evaluated == UINT64_MAX) continue;
      uint32_t unless = 0;
      for (size_t i = 0; i < shape.contains.size(); i++) {
        if (shape.contains[i].evaluates) unless |= 1U << i;
      }
      if (unless != 0) {
        shape.leftovers.push_back({GoalOf(*schema), shape.evaluated, unless});
      } else {
        ArrayShape rest;
        rest.prefix.resize(shape.evaluated);
        rest.rest = GoalOf(*schema);
        shape = Merged(shape, rest);
      }
      shape.evaluated = UINT64_MAX;
    }
    std::erase_if(set->arrays, [](const ArrayShape& shape) { return IsImpossible(shape); });
  }
}

}  // namespace codellama
