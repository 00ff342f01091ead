// Sets of JSON values. Every keyword of JSON Schema becomes an operation on these sets: `allOf` is
// And(), `anyOf` is Or(), `not` is Not(), and `type` or `minimum` is And() with a simple set.
//
// A set describes one level of a value. It does not contain the sets of the properties and items,
// only their goals. A goal names the schemas that a value must meet, without reading them.
// Therefore recursive schemas have finite sets, and "and" on a property is just the union of two
// goals.
//
// And() and Or() always have a result of this form. Not() does not always have one.
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

// One condition on a value. `negated` turns it into its opposite.
struct Condition {
  enum class Kind : uint8_t {
    kSchema,    // the value is valid against the schema `number`
    kConstant,  // the value equals the JSON value `number` of the document
    kNever,     // no value meets this
  };

  Kind kind = Kind::kSchema;
  bool negated = false;
  SchemaNumber number = 0;

  auto operator<=>(const Condition&) const = default;
};

// A sorted list of conditions. A value meets the goal if it meets all of them. An empty list admits
// any value. Equal goals have equal lists, so a goal also serves as a key for results.
using Goal = std::vector<Condition>;

// The goal that no value meets.
Goal NoValue();
// Whether the goal contains kNever. False does not mean that some value meets the goal: its schemas
// may contradict each other.
bool AdmitsNothing(const Goal& goal);
// The goal of meeting both goals. NoValue() if they contain a condition and its opposite.
Goal Both(const Goal& left, const Goal& right);

// A set of objects: those that meet all restrictions of the members below.
struct ObjectShape {
  // A goal for all properties whose name is in a set.
  struct OtherNames {
    DfaPtr names;
    Goal goal;
  };

  // Goals of single names, from `properties`. They take precedence over `others`.
  std::map<std::string, Goal> named;
  // Goals of groups of names, from `patternProperties` and `additionalProperties`. The groups are
  // disjoint. A name that is neither in `named` nor in a group is forbidden.
  std::vector<OtherNames> others;
  // Order of properties, from `propertyOrdering`. Absent properties are skipped, entries without a
  // goal in `named` have no effect, and all other properties may come anywhere. Empty = any order.
  std::vector<std::string> order;
  // Names that must be present.
  std::set<std::string> required;
  // implied[name] lists the names that must be present if `name` is, from `dependentRequired`.
  std::map<std::string, std::set<std::string>> implied;
  // Each witness requires at least one property whose name is in the set and whose value meets the
  // goal. One property may serve as several witnesses. They come from negation: the opposite of
  // "all properties meet P" is "some property does not meet P".
  std::vector<OtherNames> witnesses;
  uint64_t minimum = 0;           // number of properties
  uint64_t maximum = UINT64_MAX;  // number of properties; UINT64_MAX = no limit
  // Names that some keyword has evaluated. `unevaluatedProperties` applies to all other names.
  DfaPtr evaluated = NoText();

  // All objects.
  static ObjectShape Any();
  // The goal of a property with that name. NoValue() if the name is forbidden.
  Goal GoalOf(const std::string& name) const;
};

// A set of arrays: those that meet all restrictions of the members below. The default
// contains all arrays.
struct ArrayShape {
  // At least `minimum` and at most `maximum` items from the index `from` on meet the goal.
  struct Contains {
    Goal goal;
    uint64_t minimum = 1;
    uint64_t maximum = UINT64_MAX;  // UINT64_MAX = no limit
    uint64_t from = 0;
    bool evaluates = false;  // the items that meet the goal count as evaluated
  };
  // From the index `from` on, items that meet none of the `contains` conditions in the bit set
  // `unless` meet the goal. From `unevaluatedItems` beside `contains`.
  struct Leftover {
    Goal goal;
    uint64_t from = 0;
    uint32_t unless = 0;
  };

  std::vector<Goal> prefix;       // goals of the first items, from `prefixItems`
  Goal rest;                      // goal of all items after the prefix, from `items`
  uint64_t minimum = 0;           // number of items
  uint64_t maximum = UINT64_MAX;  // number of items; UINT64_MAX = no limit
  std::vector<Contains> contains;
  std::vector<Leftover> leftovers;
  bool unique = false;  // all items differ
  // Number of leading items that some keyword has evaluated. `unevaluatedItems` applies to all
  // later items that no Contains evaluates. UINT64_MAX = all items are evaluated.
  uint64_t evaluated = 0;

  // The goal of the item at `index`, counted from 0.
  const Goal& GoalAt(uint64_t index) const { return index < prefix.size() ? prefix[index] : rest; }
};

// A set of JSON values: the union of the sets below, one for each type. Empty by default.
struct ValueSet {
  bool has_null = false;
  bool has_true = false;
  bool has_false = false;
  DfaPtr numbers = NoText();         // canonical texts (number_texts.h)
  DfaPtr strings = NoText();         // decoded strings
  std::vector<ObjectShape> objects;  // the union of these shapes, which may overlap
  std::vector<ArrayShape> arrays;    // the union of these shapes, which may overlap
  // Strings that a validator may or may not count to the set: see FormatTexts. The model writes
  // them neither for this set nor for its opposite.
  DfaPtr doubtful = NoText();

  // All JSON values.
  static ValueSet All();
  // Whether the set contains any value that is not an object or array.
  bool HasScalars() const;
};

// Maximum number of `contains` conditions of an array, and of witnesses of an object. Plans have an
// entry for each subset of them.
inline constexpr size_t kMaxCounts = 4;

// Intersection and union. They throw kInvalidGrammar if the result has too many shapes.
ValueSet And(const ValueSet& left, const ValueSet& right);
ValueSet Or(const ValueSet& left, const ValueSet& right);
// Complement. Throws kInvalidGrammar if this form cannot express it, or if it has too many shapes.
ValueSet Not(const ValueSet& set);

// The intersection of two shapes.
ObjectShape Merged(const ObjectShape& left, const ObjectShape& right);
ArrayShape Merged(const ArrayShape& left, const ArrayShape& right);

// True if the shape certainly contains no value. Does not read the schemas of its goals, so false
// does not mean that a value exists.
bool IsImpossible(const ObjectShape& shape);
bool IsImpossible(const ArrayShape& shape);

}  // namespace codellama
