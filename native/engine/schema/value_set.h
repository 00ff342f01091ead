// Sets of JSON values, in a form that is closed under "and" and "or", and under "not" where the
// result has the form too. All keywords of JSON Schema become operations on these sets.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/regex/dfa.h"
#include "engine/schema/schema_document.h"

namespace codellama {

// One condition on a value: it is valid against a schema, or equal to a constant, or not.
struct Condition {
  enum class Kind : uint8_t { kSchema, kConstant, kNever };

  Kind kind = Kind::kSchema;
  bool negated = false;
  SchemaNumber number = 0;

  auto operator<=>(const Condition&) const = default;
};

// Conditions that all hold, sorted. None: any value.
using Goal = std::vector<Condition>;

Goal NoValue();
bool AdmitsNothing(const Goal& goal);  // for sure; a goal may be empty for other reasons
Goal Both(const Goal& left, const Goal& right);

struct ObjectShape {
  struct OtherNames {
    DfaPtr names;
    Goal goal;
  };

  std::map<std::string, Goal> named;
  std::vector<std::string> order;  // names that come in this order, where they come
  std::vector<OtherNames> others;  // disjoint; a name of neither kind is forbidden
  std::set<std::string> required;
  // Names that are required where another name is present.
  std::map<std::string, std::set<std::string>> implied;
  // Each one needs a property of its own or shared: one with such a name whose value meets the
  // goal.
  std::vector<OtherNames> witnesses;
  uint64_t minimum = 0;  // properties
  uint64_t maximum = UINT64_MAX;
  // Names that keywords have looked at, for `unevaluatedProperties`.
  DfaPtr evaluated = NoText();

  static ObjectShape Any();
  // What a property of that name must be.
  Goal GoalOf(const std::string& name) const;
};

struct ArrayShape {
  // At least `minimum` and at most `maximum` items meet the goal.
  struct Contains {
    Goal goal;
    uint64_t minimum = 1;
    uint64_t maximum = UINT64_MAX;
  };

  std::vector<Goal> prefix;
  Goal rest;  // items behind the prefix
  uint64_t minimum = 0;
  uint64_t maximum = UINT64_MAX;
  std::vector<Contains> contains;
  bool unique = false;
  // Items that keywords have looked at, from the first, for `unevaluatedItems`.
  uint64_t evaluated = 0;

  const Goal& GoalAt(uint64_t index) const { return index < prefix.size() ? prefix[index] : rest; }
};

struct ValueSet {
  bool has_null = false;
  bool has_true = false;
  bool has_false = false;
  DfaPtr numbers = NoText();  // canonical texts: number_texts.h
  DfaPtr strings = NoText();
  std::vector<ObjectShape> objects;  // a value of any of them
  std::vector<ArrayShape> arrays;

  static ValueSet All();
  bool HasScalars() const;
};

// Throw kInvalidGrammar where the result has too many shapes.
ValueSet And(const ValueSet& left, const ValueSet& right);
ValueSet Or(const ValueSet& left, const ValueSet& right);
// Throws kInvalidGrammar where the complement is no ValueSet.
ValueSet Not(const ValueSet& set);

ObjectShape Merged(const ObjectShape& left, const ObjectShape& right);
ArrayShape Merged(const ArrayShape& left, const ArrayShape& right);

// Whether a shape admits nothing, as far as it shows without a look at the goals' schemas.
bool IsImpossible(const ObjectShape& shape);
bool IsImpossible(const ArrayShape& shape);

}  // namespace codellama
