// Evaluates schemas: turns the keywords of JSON Schema 2020-12 and older drafts into sets of values
// (value_set.h). Subschemas of properties and items become goals and are read later, so reading a
// recursive schema ends.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "engine/schema/schema_document.h"
#include "engine/schema/schema_error.h"
#include "engine/schema/value_set.h"

namespace codellama {

// The document must outlive the reader. All functions throw kInvalidGrammar, naming the JSON
// pointer and the keyword, if a keyword cannot be enforced. Only one thread may use a reader at a
// time.
class SchemaReader {
 public:
  // `inclusive` has the pointers of the schemas whose `oneOf` counts as `anyOf`.
  explicit SchemaReader(const SchemaDocument& document, std::set<std::string> inclusive = {})
      : document_(document),
        inclusive_(std::move(inclusive)),
        tracks_evaluated_(document.HasKeyword("unevaluated")) {}

  const SchemaDocument& document() const { return document_; }

  // The values that meet all conditions of a goal. Valid as long as the reader.
  const ValueSet& SetOf(const Goal& goal);

  // Throws the error, which the combined values of a goal caused, with the pointer of the schema
  // that has the keyword.
  [[noreturn]] void RefuseGoal(const Goal& goal, const KeywordError& error) const;

 private:
  // The values that are valid against a schema. Each schema is read once.
  const ValueSet& SetOfSchema(SchemaNumber schema);
  ValueSet Read(SchemaNumber schema);
  // The set that contains only `value`.
  ValueSet ReadConstant(const JsonValue& value) const;
  ValueSet ReadObjectSchema(SchemaNumber schema, const JsonValue& value);

  // Each of these functions restricts `set` by some keywords of the schema `value`.
  void ReadType(const JsonValue& type, ValueSet* set) const;
  ValueSet ReadEnum(const JsonValue& values) const;
  void ReadNumbers(const JsonValue& value, ValueSet* set) const;
  void ReadStrings(const JsonValue& value, ValueSet* set) const;
  void ReadArrays(const JsonValue& value, ValueSet* set) const;
  void ReadObjects(const JsonValue& value, ValueSet* set);
  void ReadPropertyNames(const JsonValue& value, ObjectShape* shape);
  void ReadDependencies(const JsonValue& value, ValueSet* set);
  void ReadApplicators(SchemaNumber schema, const JsonValue& value, ValueSet* set);
  void ReadUnevaluated(const JsonValue& value, ValueSet* set);
  ValueSet ReadAnyOf(const JsonValue& alternatives);
  ValueSet ReadOneOf(const JsonValue& alternatives);
  void ReadConditional(const JsonValue& value, ValueSet* set);
  // True if certainly no value is in the set. False may also mean unknown. `depth` limits how deep
  // required properties and items are examined; 0 = not at all.
  bool IsSurelyEmpty(const ValueSet& set, size_t depth);
  bool IsSurelyEmpty(const ObjectShape& shape, size_t depth);
  bool IsSurelyEmpty(const ArrayShape& shape, size_t depth);
  bool IsSurelyEmpty(const Goal& goal, size_t depth);

  // The schema with the keyword among `schema` and the schemas that apply to the same value.
  std::optional<SchemaNumber> OwnerOf(const std::string& keyword, SchemaNumber schema,
                                      std::set<SchemaNumber>* seen) const;

  // The goal of being valid against a subschema. Does not read the subschema.
  Goal GoalOf(const JsonValue& schema) const;
  const ValueSet& SetOfSubschema(const JsonValue& schema);

  const SchemaDocument& document_;
  const std::set<std::string> inclusive_;
  // Some schema has an `unevaluated…` keyword, so evaluated properties and items must be tracked.
  const bool tracks_evaluated_;
  std::unordered_map<SchemaNumber, ValueSet> schemas_;
  // Schemas that are being read. Reaching one of them again is an endless recursion.
  std::unordered_set<SchemaNumber> open_;
  std::map<Goal, ValueSet> goals_;
};

}  // namespace codellama
