// Keywords that restrict one type: numbers, strings, arrays or objects (JSON Schema 2020-12
// validation, section 6, and core, section 10.3).
#include <algorithm>
#include <optional>
#include <string_view>

#include "engine/regex/number_texts.h"
#include "engine/regex/regex.h"
#include "engine/schema/schema_error.h"
#include "engine/schema/schema_reader.h"
#include "engine/schema/string_formats.h"

namespace codellama {

namespace {

using Kind = JsonValue::Kind;

// A larger `maxLength` is lowered to this limit, because no model writes longer strings.
constexpr uint64_t kLongestString = 16'384;

// The value of a keyword. Null if the keyword is absent; throws if it has another type.
const JsonValue* FindOf(const JsonValue& schema, const char* keyword, Kind kind,
                        const char* kind_name) {
  const JsonValue* value = schema.Find(keyword);
  if (value == nullptr || value->Is(kind)) return value;
  RefuseMalformed(keyword, std::string("must be ") + kind_name);
}

std::optional<Decimal> FindNumber(const JsonValue& schema, const char* keyword) {
  const JsonValue* value = FindOf(schema, keyword, Kind::kNumber, "a number");
  if (value == nullptr) return std::nullopt;
  return ReadingKeyword(keyword, [value] { return ParseDecimal(value->text); });
}

std::optional<uint64_t> FindCount(const JsonValue& schema, const char* keyword) {
  const std::optional<Decimal> number = FindNumber(schema, keyword);
  if (!number) return std::nullopt;
  if (number->negative || !number->fraction.empty()) {
    RefuseMalformed(keyword, "must be a whole number of at least 0");
  }
  if (number->integer.size() > 18) return UINT64_MAX;
  return number->integer.empty() ? 0 : std::stoull(number->integer);
}

// Names that `properties`, `patternProperties` and `additionalProperties` evaluate. `matched` holds
// the names that `patternProperties` matches.
DfaPtr EvaluatedNames(const JsonValue& schema, const DfaPtr& matched) {
  if (schema.Find("additionalProperties") != nullptr) return AllTexts();
  std::vector<std::string_view> listed;
  if (const JsonValue* properties = schema.Find("properties")) {
    for (const auto& [name, _] : properties->members) listed.push_back(name);
  }
  return Union(matched, AnyOfTexts(listed));
}

bool IsTrue(const JsonValue* value) {
  return value != nullptr && value->Is(Kind::kBoolean) && value->boolean;
}

}  // namespace

void SchemaReader::ReadNumbers(const JsonValue& value, ValueSet* set) const {
  const auto restrict = [set](const char* keyword, const auto& numbers_of, auto&&... values) {
    ReadingKeyword(keyword,
                   [&] { set->numbers = Intersection(set->numbers, numbers_of(values...)); });
  };
  // In draft-04 these are booleans that make `minimum` and `maximum` exclusive.
  const JsonValue* above = value.Find("exclusiveMinimum");
  const JsonValue* below = value.Find("exclusiveMaximum");
  const bool above_is_flag = above != nullptr && above->Is(Kind::kBoolean);
  const bool below_is_flag = below != nullptr && below->Is(Kind::kBoolean);
  if (const auto bound = FindNumber(value, "minimum")) {
    restrict("minimum", NumbersFrom, *bound, above_is_flag && above->boolean);
  }
  if (const auto bound = FindNumber(value, "maximum")) {
    restrict("maximum", NumbersUpTo, *bound, below_is_flag && below->boolean);
  }
  if (above != nullptr && !above_is_flag) {
    restrict("exclusiveMinimum", NumbersFrom, *FindNumber(value, "exclusiveMinimum"), true);
  }
  if (below != nullptr && !below_is_flag) {
    restrict("exclusiveMaximum", NumbersUpTo, *FindNumber(value, "exclusiveMaximum"), true);
  }
  if (const auto divisor = FindNumber(value, "multipleOf")) {
    restrict("multipleOf", MultiplesOf, *divisor);
  }
}

void SchemaReader::ReadStrings(const JsonValue& value, ValueSet* set) const {
  const auto restrict = [set](const DfaPtr& texts) {
    set->strings = Intersection(set->strings, texts);
    set->doubtful = Intersection(set->doubtful, texts);
  };
  if (const JsonValue* pattern = FindOf(value, "pattern", Kind::kString, "a string")) {
    ReadingKeyword("pattern", [&] { restrict(TextsWithMatch(pattern->text)); });
  }
  if (const JsonValue* format = FindOf(value, "format", Kind::kString, "a string")) {
    ReadingKeyword("format", [&] {
      const auto [texts, possible] = TextsOfFormat(format->text);
      if (texts == nullptr) return;
      const DfaPtr rest = Difference(Intersection(set->strings, possible), texts);
      restrict(possible);
      set->doubtful = Union(set->doubtful, rest);
      set->strings = Intersection(set->strings, texts);
    });
  }
  const uint64_t minimum = FindCount(value, "minLength").value_or(0);
  const uint64_t maximum = FindCount(value, "maxLength").value_or(UINT64_MAX);
  if (minimum == 0 && maximum == UINT64_MAX) return;
  if (minimum > kLongestString && minimum <= maximum) {
    RefuseUnenforceable("minLength", "above " + std::to_string(kLongestString));
  }
  ReadingKeyword(minimum == 0 ? "maxLength" : "minLength", [&] {
    const uint64_t limit = maximum == UINT64_MAX ? maximum : std::min(maximum, kLongestString);
    restrict(TextsOfLength(minimum, limit));
  });
}

void SchemaReader::ReadArrays(const JsonValue& value, ValueSet* set) const {
  ArrayShape shape;
  const auto add_prefix = [&](const JsonValue& schemas) {
    for (const JsonValue& each : schemas.items) shape.prefix.push_back(GoalOf(each));
  };
  const JsonValue* items = value.Find("items");
  const JsonValue* tuple = FindOf(value, "prefixItems", Kind::kArray, "an array");
  if (tuple != nullptr) add_prefix(*tuple);
  if (items != nullptr && items->Is(Kind::kArray)) {
    add_prefix(*items);
    if (const JsonValue* rest = value.Find("additionalItems")) shape.rest = GoalOf(*rest);
  } else if (items != nullptr) {
    shape.rest = GoalOf(*items);
  }
  const bool takes_rest =
      items != nullptr && (!items->Is(Kind::kArray) || value.Find("additionalItems") != nullptr);
  shape.evaluated = takes_rest ? UINT64_MAX : shape.prefix.size();
  shape.minimum = FindCount(value, "minItems").value_or(0);
  shape.maximum = FindCount(value, "maxItems").value_or(UINT64_MAX);
  shape.unique = IsTrue(value.Find("uniqueItems"));
  if (const JsonValue* contains = value.Find("contains")) {
    const bool counts = document_.draft() >= Draft::k2019;
    ArrayShape::Contains condition{GoalOf(*contains), 1, UINT64_MAX, 0, true};
    if (counts) {
      condition.minimum = FindCount(value, "minContains").value_or(1);
      condition.maximum = FindCount(value, "maxContains").value_or(UINT64_MAX);
    }
    shape.contains.push_back(std::move(condition));
  }
  ValueSet arrays = ValueSet::All();
  arrays.arrays.clear();
  if (!IsImpossible(shape)) arrays.arrays.push_back(std::move(shape));
  *set = And(*set, arrays);
}

void SchemaReader::ReadObjects(const JsonValue& value, ValueSet* set) {
  ObjectShape shape = ObjectShape::Any();
  if (const JsonValue* properties = FindOf(value, "properties", Kind::kObject, "an object")) {
    for (const auto& [name, schema] : properties->members) shape.named[name] = GoalOf(schema);
  }
  // An extension of Gemini's API, not a keyword of JSON Schema.
  if (const JsonValue* order = FindOf(value, "propertyOrdering", Kind::kArray, "an array")) {
    for (const JsonValue& name : order->items) shape.order.push_back(name.text);
  }
  // `additionalProperties` applies to names that neither `properties` nor `patternProperties`
  // covers.
  const JsonValue* additional = value.Find("additionalProperties");
  DfaPtr matched = NoText();
  std::vector<ObjectShape> patterns;
  if (const JsonValue* each = FindOf(value, "patternProperties", Kind::kObject, "an object")) {
    for (const auto& [pattern, schema] : each->members) {
      const DfaPtr names =
          ReadingKeyword("patternProperties", [&] { return TextsWithMatch(pattern); });
      matched = Union(matched, names);
      ObjectShape& one = patterns.emplace_back();
      one.others.push_back({names, GoalOf(schema)});
      one.others.push_back({Difference(AllTexts(), names), {}});
    }
  }
  if (additional != nullptr) {
    const DfaPtr rest = Difference(AllTexts(), matched);
    shape.others = {{matched, {}}, {rest, GoalOf(*additional)}};
    std::erase_if(shape.others, [](const auto& each) {
      return each.names->IsEmpty() || AdmitsNothing(each.goal);
    });
  }
  for (const ObjectShape& pattern : patterns) shape = Merged(shape, pattern);
  if (tracks_evaluated_) shape.evaluated = EvaluatedNames(value, matched);
  if (const JsonValue* required = value.Find("required");
      required != nullptr && required->Is(Kind::kArray)) {
    for (const JsonValue& name : required->items) shape.required.insert(name.text);
  }
  shape.minimum = FindCount(value, "minProperties").value_or(0);
  shape.maximum = FindCount(value, "maxProperties").value_or(UINT64_MAX);
  ReadPropertyNames(value, &shape);
  ValueSet objects = ValueSet::All();
  objects.objects.clear();
  if (!IsImpossible(shape)) objects.objects.push_back(std::move(shape));
  *set = And(*set, objects);
}

void SchemaReader::ReadPropertyNames(const JsonValue& value, ObjectShape* shape) {
  const JsonValue* schema = value.Find("propertyNames");
  if (schema == nullptr) return;
  const DfaPtr names = SetOfSubschema(*schema).strings;
  ObjectShape allowed;
  if (!names->IsEmpty()) allowed.others.push_back({names, {}});
  *shape = Merged(*shape, allowed);
}

}  // namespace codellama
