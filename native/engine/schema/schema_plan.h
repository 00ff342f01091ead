// A schema ready to be followed: every goal that its values have, with numbers in place of names.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/regex/dfa.h"
#include "engine/schema/key_automaton.h"

namespace codellama {

// A value plan's number.
using PlanNumber = uint32_t;
inline constexpr PlanNumber kNoPlan = UINT32_MAX;

struct ObjectPlan {
  explicit ObjectPlan(KeyAutomaton automaton) : keys(std::move(automaton)) {}

  KeyAutomaton keys;
  // By label, and by which witnesses the property is one of, a bit each. kNoPlan where there is no
  // value.
  std::vector<std::vector<PlanNumber>> values;
  LabelSet usable;                // labels whose values can be written
  LabelSet required;              // with what they imply
  std::vector<LabelSet> implied;  // by label: what is required where it is written; or empty
  uint32_t named = 0;             // labels below are names, which are written once
  // By label: labels that must not come after it; or empty.
  std::vector<LabelSet> before;
  uint32_t witnesses = 0;  // so many kinds of properties must be there under some name
  uint64_t minimum = 0;
  uint64_t maximum = UINT64_MAX;
  LabelSet names;          // labels below `named`
  bool is_simple = false;  // a property may come whatever else is written
};

// Adds what the labels of a set imply, and what that implies.
void AddImplied(const ObjectPlan& plan, LabelSet* labels);

struct ArrayPlan {
  struct Count {
    uint64_t minimum = 0;
    uint64_t maximum = UINT64_MAX;
  };
  // By position, the last one for all that follow; and by which of the counted conditions an item
  // meets, one bit each. PlanNumber of a value that cannot be written is kNoPlan.
  std::vector<std::vector<PlanNumber>> items;
  std::vector<Count> counts;
  // Texts of the items where each may stand once; `items` does not matter then.
  std::vector<std::string> unique;
  uint64_t minimum = 0;
  uint64_t maximum = UINT64_MAX;
};

struct ValuePlan {
  bool has_null = false;
  bool has_true = false;
  bool has_false = false;
  DfaPtr numbers = NoText();      // as people write them
  DfaPtr strings = NoText();      // decoded
  std::vector<uint32_t> objects;  // of SchemaPlan
  std::vector<uint32_t> arrays;
};

struct SchemaPlan {
  std::vector<ValuePlan> values;  // the first is the whole text
  std::vector<ObjectPlan> objects;
  std::vector<ArrayPlan> arrays;
};

// Throws kInvalidGrammar, naming the JSON pointer and the keyword, for what cannot be enforced, and
// for a schema that no value meets.
SchemaPlan PlanSchema(std::string_view json);

}  // namespace codellama
