// Turns the keywords of a schema into sets of values.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "engine/schema/schema_document.h"
#include "engine/schema/value_set.h"

namespace codellama {

// The document must outlive the reader. All functions throw kInvalidGrammar, naming the JSON
// pointer and the keyword, for what cannot be enforced.
class SchemaReader {
 public:
  explicit SchemaReader(const SchemaDocument& document)
      : document_(document), evaluates_(document.HasKeyword("unevaluated")) {}

  const SchemaDocument& document() const { return document_; }

  // The values that meet all conditions of a goal.
  const ValueSet& SetOf(const Goal& goal);

  // Whether it is sure that no value meets the goal.
  bool IsSurelyEmpty(const Goal& goal, size_t depth);

 private:
  const ValueSet& SetOfSchema(SchemaNumber schema);
  ValueSet Read(SchemaNumber schema);
  ValueSet ReadConstant(const JsonValue& value) const;
  ValueSet ReadObjectSchema(SchemaNumber schema, const JsonValue& value);

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
  ValueSet ReadOneOf(const JsonValue& alternatives);
  void ReadConditional(const JsonValue& value, ValueSet* set);
  bool IsSurelyEmpty(const ValueSet& set, size_t depth);
  bool IsSurelyEmpty(const ObjectShape& shape, size_t depth);
  bool IsSurelyEmpty(const ArrayShape& shape, size_t depth);

  Goal GoalOf(const JsonValue& schema) const;
  const ValueSet& SetOfSubschema(const JsonValue& schema);

  const SchemaDocument& document_;
  const bool evaluates_;  // some schema asks what others have looked at
  std::unordered_map<SchemaNumber, ValueSet> schemas_;
  std::unordered_set<SchemaNumber>
      open_;  // being read: a cycle of references without a value between
  std::map<Goal, ValueSet> goals_;
};

}  // namespace codellama
