// Compiles a schema to a SchemaPlan. It starts with the goal of the whole text, asks SchemaReader
// for the values of the goal, and continues with the goals of their properties and items. Each
// distinct goal is compiled once, so recursive schemas end. Finally it drops values that cannot be
// written to their end.
#include <algorithm>
#include <map>
#include <utility>

#include "engine/regex/dfa.h"
#include "engine/regex/number_texts.h"
#include "engine/schema/array_completion.h"
#include "engine/schema/object_completion.h"
#include "engine/schema/schema_error.h"
#include "engine/schema/schema_plan.h"
#include "engine/schema/schema_reader.h"

namespace codellama {

namespace {

constexpr size_t kMaxPlans = 20'000;
constexpr size_t kMaxUniqueItems = 256;
// Maximum number of names of a group that are listed one by one.
constexpr size_t kMaxListedNames = 64;

[[noreturn]] void Refuse(const std::string& what) { throw Error(ErrorCode::kInvalidGrammar, what); }

class Compiler {
 public:
  Compiler(const JsonValue& schema, const std::set<std::string>& inclusive)
      : document_(schema), reader_(document_, inclusive) {}

  SchemaPlan Compile() {
    NumberOf({{Condition::Kind::kSchema, false, 0}});
    for (size_t i = 0; i < goals_.size(); i++) AddGoal(i);
    FindPossible();
    if (!possible_[0]) Refuse("/: no value meets the schema");
    DropImpossible();
    return std::move(plan_);
  }

 private:
  // The plan number of a goal, which is queued for compilation if it is new. kNoPlan if no value
  // meets the goal.
  PlanNumber NumberOf(const Goal& goal) {
    if (AdmitsNothing(goal)) return kNoPlan;
    const auto [place, added] = numbers_.try_emplace(goal, static_cast<PlanNumber>(goals_.size()));
    if (added) {
      if (goals_.size() >= kMaxPlans) {
        Refuse("/: the schema has more than " + std::to_string(kMaxPlans) + " combined subschemas");
      }
      goals_.push_back(&place->first);
      plan_.values.emplace_back();
    }
    return place->second;
  }

  void AddGoal(size_t number) {
    const Goal& goal = *goals_[number];
    const ValueSet& set = reader_.SetOf(goal);
    try {
      Add(set, number);
    } catch (const KeywordError& error) {
      if (error.pointer()) throw;
      reader_.RefuseGoal(goal, error);
    }
  }

  void Add(const ValueSet& set, size_t number) {
    ValuePlan plan;
    plan.has_null = set.has_null;
    plan.has_true = set.has_true;
    plan.has_false = set.has_false;
    plan.numbers = set.numbers->IsEmpty() ? set.numbers : NumberSpellings(set.numbers);
    plan.strings = set.strings;
    for (const ObjectShape& shape : set.objects) {
      plan.objects.push_back(static_cast<uint32_t>(plan_.objects.size()));
      AddObject(shape);
    }
    for (const ArrayShape& shape : set.arrays) {
      plan.arrays.push_back(static_cast<uint32_t>(plan_.arrays.size()));
      AddArray(shape);
    }
    plan_.values[number] = std::move(plan);
  }

  void AddObject(const ObjectShape& shape) {
    const ObjectShape listed = WithAllNames(shape);
    ObjectPlan plan{KeyAutomaton(listed)};
    plan.minimum = listed.minimum;
    plan.maximum = listed.maximum;
    plan.named = static_cast<uint32_t>(listed.named.size());
    plan.witnesses = static_cast<uint32_t>(listed.witnesses.size());
    if (plan.witnesses > kMaxCounts) {
      Refuse("more than " + std::to_string(kMaxCounts) +
             " negated conditions on properties cannot be enforced together");
    }
    plan.usable.assign(plan.keys.labels / 64 + 1, 0);
    plan.required = plan.usable;
    if (!listed.implied.empty()) plan.implied.assign(plan.keys.labels, plan.usable);
    uint32_t label = 0;
    std::map<std::string_view, uint32_t> labels;
    for (const auto& [name, goal] : listed.named) {
      labels.emplace(name, label);
      if (listed.required.contains(name)) AddLabel(&plan.required, label);
      const auto is_named = [&name = name](const DfaPtr& names) { return names->Contains(name); };
      plan.values.push_back(ValuesOf(goal, listed, is_named));
      label++;
    }
    for (const auto& [names, goal] : listed.others) {
      const auto is_inside = [&names = names](const DfaPtr& each) {
        return !AreDisjoint(names, each);
      };
      plan.values.push_back(ValuesOf(goal, listed, is_inside));
    }
    for (const auto& [name, others] : listed.implied) {
      for (const std::string& other : others)
        AddLabel(&plan.implied[labels.at(name)], labels.at(other));
    }
    AddImplied(plan, &plan.required);
    if (!listed.order.empty()) {
      plan.before.assign(plan.keys.labels, LabelSet(plan.usable.size(), 0));
    }
    LabelSet before(plan.usable.size(), 0);
    for (const std::string& name : listed.order) {
      const auto known = labels.find(name);
      if (known == labels.end()) continue;
      plan.before[known->second] = before;
      AddLabel(&before, known->second);
    }
    plan.names.assign(plan.usable.size(), 0);
    for (uint32_t each = 0; each < plan.named; each++) AddLabel(&plan.names, each);
    plan.is_simple = listed.implied.empty() && listed.order.empty() && listed.witnesses.empty() &&
                     listed.maximum == UINT64_MAX;
    plan_.objects.push_back(std::move(plan));
  }

  // An equal shape in which every mentioned name has an entry in `named`, and in which the names of
  // each witness include either all names of a group of other names or none of them.
  static ObjectShape WithAllNames(const ObjectShape& shape) {
    ObjectShape listed = shape;
    const auto list = [&](const std::string& name) {
      listed.named.emplace(name, shape.GoalOf(name));
    };
    for (const std::string& name : shape.required) list(name);
    for (const auto& [name, others] : shape.implied) {
      list(name);
      for (const std::string& other : others) list(other);
    }
    // A group counts as one name at most, so that `minProperties` needs names instead of groups.
    for (const auto& [names, _] : shape.others) {
      if (shape.minimum < 2) break;
      for (const std::string& name :
           TextsOf(*names, kMaxListedNames).value_or(std::vector<std::string>()))
        list(name);
    }
    for (const auto& [names, _] : shape.witnesses) {
      std::vector<ObjectShape::OtherNames> groups;
      for (const ObjectShape::OtherNames& group : listed.others) {
        groups.push_back({Intersection(group.names, names), group.goal});
        groups.push_back({Difference(group.names, names), group.goal});
      }
      std::erase_if(groups, [](const auto& each) { return each.names->IsEmpty(); });
      listed.others = std::move(groups);
    }
    return listed;
  }

  // Plan numbers of a property, one for each subset of the witnesses: the value meets `goal` and
  // the goals of those witnesses. `is_named` says whether the property's name is in a set of names.
  template <typename IsNamed>
  std::vector<PlanNumber> ValuesOf(const Goal& goal, const ObjectShape& shape, IsNamed&& is_named) {
    std::vector<PlanNumber> values;
    for (uint32_t met = 0; met < 1U << shape.witnesses.size(); met++) {
      Goal both = goal;
      for (size_t i = 0; i < shape.witnesses.size(); i++) {
        if ((met >> i & 1) == 0) continue;
        both = is_named(shape.witnesses[i].names) ? Both(both, shape.witnesses[i].goal) : NoValue();
      }
      values.push_back(NumberOf(both));
    }
    return values;
  }

  void AddArray(const ArrayShape& shape) {
    ArrayPlan plan;
    plan.minimum = shape.minimum;
    plan.maximum = shape.maximum;
    if (shape.unique && shape.maximum > 1) {
      plan.unique = UniqueTexts(shape);
      plan.maximum = std::min<uint64_t>(plan.maximum, plan.unique.size());
    }
    for (const ArrayShape::Contains& each : shape.contains)
      plan.counts.push_back({each.minimum, each.maximum});
    for (uint64_t i = 0; i <= PositionsOf(shape); i++) {
      std::vector<PlanNumber>& choices = plan.items.emplace_back();
      for (uint32_t met = 0; met < 1U << shape.contains.size(); met++) {
        choices.push_back(NumberOf(ItemGoal(shape, i, met)));
      }
    }
    plan_.arrays.push_back(std::move(plan));
  }

  // Number of leading items that differ from the rest.
  static uint64_t PositionsOf(const ArrayShape& shape) {
    uint64_t positions = shape.prefix.size();
    for (const auto& each : shape.contains) positions = std::max(positions, each.from);
    for (const auto& each : shape.leftovers) positions = std::max(positions, each.from);
    return positions;
  }

  // The goal of the item at `index` if it meets the `contains` conditions in the bit set `met`. It
  // also fails all other conditions that have a maximum, because those must be counted exactly.
  static Goal ItemGoal(const ArrayShape& shape, uint64_t index, uint32_t met) {
    Goal goal = shape.GoalAt(index);
    for (size_t i = 0; i < shape.contains.size(); i++) {
      const ArrayShape::Contains& each = shape.contains[i];
      if ((met >> i & 1) != 0) {
        goal = index < each.from ? NoValue() : Both(goal, each.goal);
      } else if (each.maximum != UINT64_MAX && index >= each.from) {
        if (each.goal.size() > 1) RefuseUnenforceable("maxContains", "for a combined schema");
        Condition opposite = each.goal.empty() ? NoValue()[0] : each.goal[0];
        if (!each.goal.empty()) opposite.negated = !opposite.negated;
        goal = Both(goal, {opposite});
      }
    }
    for (const ArrayShape::Leftover& each : shape.leftovers) {
      if (index >= each.from && (met & each.unless) == 0) goal = Both(goal, each.goal);
    }
    return goal;
  }

  // JSON texts of all values that an item may have. Throws kInvalidGrammar if they cannot be
  // listed.
  std::vector<std::string> UniqueTexts(const ArrayShape& shape) {
    const ValueSet& set = reader_.SetOf(shape.rest);
    const auto strings = TextsOf(*set.strings, kMaxUniqueItems);
    const auto numbers = TextsOf(*set.numbers, kMaxUniqueItems);
    const bool simple = shape.prefix.empty() && shape.contains.empty() && shape.leftovers.empty() &&
                        set.objects.empty() && set.arrays.empty();
    if (!simple || !strings || !numbers) {
      RefuseUnenforceable("uniqueItems",
                          "unless the items are limited to a short list of strings, numbers, true, "
                          "false and null");
    }
    std::vector<std::string> texts = *numbers;
    for (const std::string& text : *strings) texts.push_back(QuotedJson(text));
    if (set.has_null) texts.emplace_back("null");
    if (set.has_true) texts.emplace_back("true");
    if (set.has_false) texts.emplace_back("false");
    return texts;
  }

  // Whether a value of the plan can be written to its end, given the plans found possible so far.
  bool IsPossible(PlanNumber number) const { return number != kNoPlan && possible_[number]; }

  // The bit set of the choices that are possible.
  uint32_t PossibleAmong(const std::vector<PlanNumber>& choices) const {
    uint32_t possible = 0;
    for (size_t met = 0; met < choices.size(); met++) {
      if (IsPossible(choices[met])) possible |= 1U << met;
    }
    return possible;
  }

  bool IsPossible(ObjectPlan& plan) const {
    plan.possible.assign(plan.keys.labels, 0);
    for (uint32_t label = 0; label < plan.keys.labels; label++) {
      if (!HasLabel(plan.keys.reachable_from[0], label)) continue;
      plan.possible[label] = PossibleAmong(plan.values[label]);
      if (plan.possible[label] != 0) AddLabel(&plan.usable, label);
    }
    return CanComplete<ObjectCompletion>(WrittenObject::Empty(plan), plan,
                                         "an object's properties");
  }

  bool IsPossible(ArrayPlan& plan) const {
    if (!plan.unique.empty()) return plan.minimum <= plan.maximum;
    plan.possible.clear();
    for (const auto& choices : plan.items) plan.possible.push_back(PossibleAmong(choices));
    return CanComplete<ArrayCompletion>(WrittenArray::Empty(plan), plan, "an array's items");
  }

  template <typename Completion, typename Written, typename Plan>
  static bool CanComplete(const Written& empty, const Plan& plan, const std::string& what) {
    Completion completion(plan);
    const bool can = completion.CanComplete(empty);
    if (completion.gave_up()) Refuse("/: the conditions on " + what + " are too complex");
    return can;
  }

  bool IsPossible(const ValuePlan& plan) {
    const auto object = [&](uint32_t each) { return IsPossible(plan_.objects[each]); };
    const auto array = [&](uint32_t each) { return IsPossible(plan_.arrays[each]); };
    return plan.has_null || plan.has_true || plan.has_false || !plan.numbers->IsEmpty() ||
           !plan.strings->IsEmpty() ||
           std::any_of(plan.objects.begin(), plan.objects.end(), object) ||
           std::any_of(plan.arrays.begin(), plan.arrays.end(), array);
  }

  // Finds the plans with a value that can be written to its end. A recursion without an end cannot.
  void FindPossible() {
    possible_.assign(plan_.values.size(), false);
    for (bool changed = true; changed;) {
      changed = false;
      for (size_t i = plan_.values.size(); i-- > 0;) {
        if (possible_[i] || !IsPossible(plan_.values[i])) continue;
        possible_[i] = changed = true;
      }
    }
  }

  // Replaces plans that are not possible by kNoPlan, and finds the usable labels of objects.
  void DropImpossible() {
    for (ValuePlan& plan : plan_.values) {
      std::erase_if(plan.objects, [&](uint32_t each) { return !IsPossible(plan_.objects[each]); });
      std::erase_if(plan.arrays, [&](uint32_t each) { return !IsPossible(plan_.arrays[each]); });
    }
    for (ObjectPlan& plan : plan_.objects) {
      for (uint32_t label = 0; label < plan.keys.labels; label++) {
        for (PlanNumber& each : plan.values[label]) each = IsPossible(each) ? each : kNoPlan;
      }
      RequireCountable(plan);
    }
    for (ArrayPlan& plan : plan_.arrays) {
      for (auto& choices : plan.items) {
        for (PlanNumber& each : choices) each = IsPossible(each) ? each : kNoPlan;
      }
    }
  }

  // Throws kInvalidGrammar if `minimum` cannot be enforced. Names of a group may repeat, and a
  // repeated name counts once, so a group guarantees only one property.
  static void RequireCountable(const ObjectPlan& plan) {
    uint64_t named = 0;
    bool has_others = false;
    for (uint32_t label = 0; label < plan.keys.labels; label++) {
      if (!HasLabel(plan.usable, label)) continue;
      if (label < plan.named) named++;
      has_others = has_others || label >= plan.named;
    }
    if (plan.minimum <= named + 1 || !has_others) return;
    Refuse("/: \"minProperties\" cannot be enforced above " + std::to_string(named + 1) +
           ", the number of listed properties plus one");
  }

  const SchemaDocument document_;
  SchemaReader reader_;
  SchemaPlan plan_;
  std::map<Goal, PlanNumber> numbers_;
  std::vector<const Goal*> goals_;  // by plan number; keys of `numbers_`
  std::vector<bool> possible_;      // by plan number
};

}  // namespace

void AddImplied(const ObjectPlan& plan, LabelSet* labels) {
  for (bool changed = !plan.implied.empty(); changed;) {
    changed = false;
    for (uint32_t label = 0; label < plan.named; label++) {
      if (!HasLabel(*labels, label)) continue;
      for (size_t word = 0; word < labels->size(); word++) {
        const uint64_t more = plan.implied[label][word] & ~(*labels)[word];
        (*labels)[word] |= more;
        changed = changed || more != 0;
      }
    }
  }
}

SchemaPlan PlanSchema(const JsonValue& schema, const std::set<std::string>& inclusive) {
  return Compiler(schema, inclusive).Compile();
}

}  // namespace codellama
