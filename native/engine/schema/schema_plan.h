// The compiled form of a schema, which JsonMachine runs. Each goal (value_set.h) of a value,
// property or item has one value plan. Plans refer to each other by number, so recursive schemas
// are finite. Properties have labels (key_automaton.h) instead of names.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/regex/dfa.h"
#include "engine/schema/json_value.h"
#include "engine/schema/key_automaton.h"

namespace codellama {

// Index into SchemaPlan::values.
using PlanNumber = uint32_t;
// No value is allowed.
inline constexpr PlanNumber kNoPlan = UINT32_MAX;

// Objects of one ObjectShape. A "name" is a named property, whose label is below `named`; it occurs
// at most once. The other labels are groups of other names.
struct ObjectPlan {
  explicit ObjectPlan(KeyAutomaton automaton) : keys(std::move(automaton)) {}

  KeyAutomaton keys;
  // values[label][met] is the plan of a property that serves as the witnesses in the bit set `met`:
  // its value meets its own goal and the goals of those witnesses. kNoPlan = no such value.
  std::vector<std::vector<PlanNumber>> values;
  // By label: bit `met` is set if values[label][met] is a plan with a value.
  std::vector<uint32_t> possible;
  LabelSet usable;                // labels that have a name and a possible value
  LabelSet required;              // names that must be present, including implied names
  std::vector<LabelSet> implied;  // by label: names it requires if present. Empty = no implications
  uint32_t named = 0;             // number of named properties
  // By label: the names that propertyOrdering puts in front of it. Empty = no fixed order.
  std::vector<LabelSet> before;
  uint32_t witnesses = 0;         // number of witnesses; all must be present
  uint64_t minimum = 0;           // number of properties
  uint64_t maximum = UINT64_MAX;  // number of properties; UINT64_MAX = no limit
  LabelSet names;                 // labels below `named`
  bool is_simple = false;         // every usable label may come next, except names already written
};

// Adds all names that the names in `labels` imply, directly or through other names.
void AddImplied(const ObjectPlan& plan, LabelSet* labels);

// Arrays of one ArrayShape.
struct ArrayPlan {
  // Allowed number of items that meet one `contains` condition.
  struct Count {
    uint64_t minimum = 0;
    uint64_t maximum = UINT64_MAX;  // UINT64_MAX = no limit
  };
  // items[position][met] is the plan of an item that meets the `contains` conditions in the bit set
  // `met`. The last entry serves all further positions. kNoPlan = no such value.
  std::vector<std::vector<PlanNumber>> items;
  // By position: bit `met` is set if items[position][met] is a plan with a value.
  std::vector<uint32_t> possible;
  std::vector<Count> counts;  // one for each `contains` condition
  // With `uniqueItems`: the JSON texts of all allowed items, each of which may occur once. If not
  // empty, `items` is unused.
  std::vector<std::string> unique;
  uint64_t minimum = 0;           // number of items
  uint64_t maximum = UINT64_MAX;  // number of items; UINT64_MAX = no limit
};

// All values that meet one goal: the union of the sets below.
struct ValuePlan {
  bool has_null = false;
  bool has_true = false;
  bool has_false = false;
  DfaPtr numbers = NoText();      // allowed spellings (NumberSpellings())
  DfaPtr strings = NoText();      // decoded strings, without quotes and escapes
  std::vector<uint32_t> objects;  // indices into SchemaPlan::objects
  std::vector<uint32_t> arrays;   // indices into SchemaPlan::arrays
};

struct SchemaPlan {
  std::vector<ValuePlan> values;  // values[0] is the whole text
  std::vector<ObjectPlan> objects;
  std::vector<ArrayPlan> arrays;
};

// Compiles a schema. Throws kInvalidGrammar, naming the JSON pointer and the keyword, if a keyword
// cannot be enforced or if no value is valid. `inclusive` has the JSON pointers of the schemas
// whose `oneOf` counts as `anyOf`.
SchemaPlan PlanSchema(const JsonValue& schema, const std::set<std::string>& inclusive = {});

}  // namespace codellama
