#include "engine/schema/value_set.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "engine/base/error.h"
#include "engine/regex/compile_work.h"
#include "engine/regex/number_texts.h"

namespace codellama {

namespace {

constexpr size_t kMaxShapes = 1000;

[[noreturn]] void RefuseShapes() {
  throw Error(ErrorCode::kInvalidGrammar, "more than " + std::to_string(kMaxShapes) +
                                              " combinations of alternatives; combine fewer");
}

// `what` describes the part of a shape that has no complement of the same form.
[[noreturn]] void RefuseComplement(const std::string& what) {
  throw Error(ErrorCode::kInvalidGrammar, "the opposite of " + what + " cannot be enforced");
}

// The intersection of two unions of shapes.
template <typename Shape>
std::vector<Shape> MergedAll(const std::vector<Shape>& left, const std::vector<Shape>& right) {
  std::vector<Shape> result;
  for (const Shape& one : left) {
    for (const Shape& other : right) {
      CompileWork::Add(10);
      Shape merged = Merged(one, other);
      if (IsImpossible(merged)) continue;
      if (result.size() >= kMaxShapes) RefuseShapes();
      result.push_back(std::move(merged));
    }
  }
  return result;
}

// The union of two unions of shapes.
template <typename Shape>
std::vector<Shape> Concatenated(std::vector<Shape> left, const std::vector<Shape>& right) {
  if (left.size() + right.size() > kMaxShapes) RefuseShapes();
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

Condition Opposite(Condition condition) {
  condition.negated = !condition.negated;
  return condition;
}

// The complement of a shape among objects: one shape for each restriction, of the objects that fail
// it.
std::vector<ObjectShape> Outside(const ObjectShape& shape) {
  std::vector<ObjectShape> result;
  const auto add = [&result](auto&& change) {
    ObjectShape outside = ObjectShape::Any();
    change(&outside);
    result.push_back(std::move(outside));
  };
  for (const auto& [name, goal] : shape.named) {
    for (const Condition& condition : goal) {
      add([&, &name = name](ObjectShape* outside) {
        outside->named[name] = Both({Opposite(condition)}, {});
        outside->required.insert(name);
      });
    }
  }
  for (const std::string& name : shape.required) {
    add([&](ObjectShape* outside) { outside->named[name] = NoValue(); });
  }
  if (shape.minimum > 0) {
    add([&](ObjectShape* outside) { outside->maximum = shape.minimum - 1; });
  }
  if (shape.maximum != UINT64_MAX) {
    add([&](ObjectShape* outside) { outside->minimum = shape.maximum + 1; });
  }
  for (const auto& [name, others] : shape.implied) {
    for (const std::string& other : others) {
      add([&, &name = name](ObjectShape* outside) {
        outside->required.insert(name);
        outside->named[other] = NoValue();
      });
    }
  }
  for (const auto& [witness, goal] : shape.witnesses) {
    // No property with one of these names meets the goal.
    if (goal.size() > 1) RefuseComplement("several conditions that one property must meet");
    add([&, &witness = witness, &goal = goal](ObjectShape* outside) {
      outside->others = {{Difference(AllTexts(), witness), {}}};
      if (!goal.empty()) outside->others.push_back({witness, Both({Opposite(goal[0])}, {})});
      std::erase_if(outside->others, [](const auto& each) {
        return each.names->IsEmpty() || AdmitsNothing(each.goal);
      });
    });
  }
  std::vector<std::string_view> listed;
  for (const auto& [name, _] : shape.named) listed.push_back(name);
  const DfaPtr names = AnyOfTexts(listed);
  DfaPtr forbidden = Difference(AllTexts(), names);
  for (const auto& [others, goal] : shape.others) {
    forbidden = Difference(forbidden, others);
    for (const Condition& condition : goal) {
      add([&, &others = others](ObjectShape* outside) {
        outside->witnesses.push_back({Difference(others, names), Both({Opposite(condition)}, {})});
      });
    }
  }
  if (!forbidden->IsEmpty()) {
    add([&](ObjectShape* outside) { outside->witnesses.push_back({forbidden, {}}); });
  }
  return result;
}

// The complement of a shape among arrays.
std::vector<ArrayShape> Outside(const ArrayShape& shape) {
  std::vector<ArrayShape> result;
  for (size_t i = 0; i < shape.prefix.size(); i++) {
    for (const Condition& condition : shape.prefix[i]) {
      ArrayShape outside;
      outside.prefix.resize(i);
      outside.prefix.push_back(Both({Opposite(condition)}, {}));
      outside.minimum = i + 1;
      result.push_back(std::move(outside));
    }
  }
  for (const Condition& condition : shape.rest) {
    ArrayShape outside;
    const Goal opposite = Both({Opposite(condition)}, {});
    outside.contains.push_back({opposite, 1, UINT64_MAX, shape.prefix.size(), false});
    result.push_back(std::move(outside));
  }
  if (shape.minimum > 0) {
    ArrayShape& outside = result.emplace_back();
    outside.maximum = shape.minimum - 1;
  }
  if (shape.maximum != UINT64_MAX) {
    ArrayShape& outside = result.emplace_back();
    outside.minimum = shape.maximum + 1;
  }
  for (const ArrayShape::Contains& each : shape.contains) {
    if (each.goal.size() > 1) RefuseComplement("contains");
    if (each.minimum > 0) {
      ArrayShape& outside = result.emplace_back();
      outside.contains.push_back({each.goal, 0, each.minimum - 1, each.from, false});
    }
    if (each.maximum != UINT64_MAX) {
      ArrayShape& outside = result.emplace_back();
      outside.contains.push_back({each.goal, each.maximum + 1, UINT64_MAX, each.from, false});
    }
  }
  if (shape.unique) RefuseComplement("uniqueItems");
  if (!shape.leftovers.empty()) RefuseComplement("unevaluatedItems beside contains");
  return result;
}

// The complement of a union of shapes: the intersection of their complements. `any` is the shape of
// all values of the type.
template <typename Shape>
std::vector<Shape> OutsideAll(const std::vector<Shape>& shapes, Shape any) {
  std::vector<Shape> result = {std::move(any)};
  for (const Shape& shape : shapes) result = MergedAll(result, Outside(shape));
  return result;
}

}  // namespace

Goal NoValue() { return {{Condition::Kind::kNever, false, 0}}; }

bool AdmitsNothing(const Goal& goal) {
  return std::any_of(goal.begin(), goal.end(), [](const Condition& each) {
    return each.kind == Condition::Kind::kNever && !each.negated;
  });
}

Goal Both(const Goal& left, const Goal& right) {
  Goal both;
  std::set_union(left.begin(), left.end(), right.begin(), right.end(), std::back_inserter(both));
  std::erase_if(both, [](const Condition& each) {
    return each.kind == Condition::Kind::kNever && each.negated;
  });
  const bool contradicts = std::any_of(both.begin(), both.end(), [&](const Condition& each) {
    return std::binary_search(both.begin(), both.end(), Opposite(each));
  });
  return contradicts || AdmitsNothing(both) ? NoValue() : both;
}

ObjectShape ObjectShape::Any() {
  ObjectShape shape;
  shape.others.push_back({AllTexts(), {}});
  return shape;
}

Goal ObjectShape::GoalOf(const std::string& name) const {
  const auto listed = named.find(name);
  if (listed != named.end()) return listed->second;
  for (const auto& [names, goal] : others) {
    if (names->Contains(name)) return goal;
  }
  return NoValue();
}

ValueSet ValueSet::All() {
  return {true, true, true, AllNumbers(), AllTexts(), {ObjectShape::Any()}, {ArrayShape{}}};
}

bool ValueSet::HasScalars() const {
  return has_null || has_true || has_false || !numbers->IsEmpty() || !strings->IsEmpty();
}

namespace {

// All strings that a validator may count to the set.
DfaPtr PossibleStrings(const ValueSet& set) { return Union(set.strings, set.doubtful); }

}  // namespace

ValueSet And(const ValueSet& left, const ValueSet& right) {
  ValueSet both = {
      left.has_null && right.has_null,           left.has_true && right.has_true,
      left.has_false && right.has_false,         Intersection(left.numbers, right.numbers),
      Intersection(left.strings, right.strings), MergedAll(left.objects, right.objects),
      MergedAll(left.arrays, right.arrays)};
  if (!left.doubtful->IsEmpty() || !right.doubtful->IsEmpty()) {
    both.doubtful =
        Difference(Intersection(PossibleStrings(left), PossibleStrings(right)), both.strings);
  }
  return both;
}

ValueSet Or(const ValueSet& left, const ValueSet& right) {
  ValueSet either = {
      left.has_null || right.has_null,        left.has_true || right.has_true,
      left.has_false || right.has_false,      Union(left.numbers, right.numbers),
      Union(left.strings, right.strings),     Concatenated(left.objects, right.objects),
      Concatenated(left.arrays, right.arrays)};
  either.doubtful = Difference(Union(left.doubtful, right.doubtful), either.strings);
  return either;
}

ValueSet Not(const ValueSet& set) {
  return {!set.has_null,
          !set.has_true,
          !set.has_false,
          NumbersOutside(set.numbers),
          Difference(AllTexts(), PossibleStrings(set)),
          OutsideAll(set.objects, ObjectShape::Any()),
          OutsideAll(set.arrays, ArrayShape{}),
          set.doubtful};
}

ObjectShape Merged(const ObjectShape& left, const ObjectShape& right) {
  ObjectShape merged;
  for (const ObjectShape* side : {&left, &right}) {
    for (const auto& [name, _] : side->named) {
      if (merged.named.contains(name)) continue;
      merged.named.emplace(name, Both(left.GoalOf(name), right.GoalOf(name)));
    }
    merged.required.insert(side->required.begin(), side->required.end());
    for (const std::string& name : side->order) {
      const auto known = std::find(merged.order.begin(), merged.order.end(), name);
      if (known == merged.order.end()) merged.order.push_back(name);
    }
  }
  for (const auto& [left_names, left_goal] : left.others) {
    for (const auto& [right_names, right_goal] : right.others) {
      DfaPtr names = Intersection(left_names, right_names);
      Goal goal = Both(left_goal, right_goal);
      if (names->IsEmpty() || AdmitsNothing(goal)) continue;
      merged.others.push_back({std::move(names), std::move(goal)});
    }
  }
  for (const ObjectShape* side : {&left, &right}) {
    for (const auto& [name, others] : side->implied) {
      merged.implied[name].insert(others.begin(), others.end());
    }
    merged.witnesses.insert(merged.witnesses.end(), side->witnesses.begin(), side->witnesses.end());
  }
  merged.minimum = std::max(left.minimum, right.minimum);
  merged.maximum = std::min(left.maximum, right.maximum);
  merged.evaluated = Union(left.evaluated, right.evaluated);
  return merged;
}

ArrayShape Merged(const ArrayShape& left, const ArrayShape& right) {
  ArrayShape merged;
  for (size_t i = 0; i < std::max(left.prefix.size(), right.prefix.size()); i++) {
    merged.prefix.push_back(Both(left.GoalAt(i), right.GoalAt(i)));
  }
  merged.rest = Both(left.rest, right.rest);
  merged.minimum = std::max(left.minimum, right.minimum);
  merged.maximum = std::min(left.maximum, right.maximum);
  merged.contains = left.contains;
  merged.contains.insert(merged.contains.end(), right.contains.begin(), right.contains.end());
  if (merged.contains.size() > kMaxCounts) {
    throw Error(ErrorCode::kInvalidGrammar, "\"contains\" cannot be enforced more than " +
                                                std::to_string(kMaxCounts) +
                                                " times for one array");
  }
  merged.leftovers = left.leftovers;
  for (ArrayShape::Leftover each : right.leftovers) {
    each.unless <<= left.contains.size();
    merged.leftovers.push_back(std::move(each));
  }
  merged.unique = left.unique || right.unique;
  merged.evaluated = std::max(left.evaluated, right.evaluated);
  return merged;
}

bool IsImpossible(const ObjectShape& shape) {
  if (shape.minimum > shape.maximum || shape.required.size() > shape.maximum) return true;
  for (const auto& [names, goal] : shape.witnesses) {
    if (names->IsEmpty() || AdmitsNothing(goal)) return true;
  }
  return std::any_of(shape.required.begin(), shape.required.end(),
                     [&](const std::string& name) { return AdmitsNothing(shape.GoalOf(name)); });
}

bool IsImpossible(const ArrayShape& shape) {
  if (shape.minimum > shape.maximum) return true;
  for (uint64_t i = 0; i < std::min<uint64_t>(shape.minimum, shape.prefix.size() + 1); i++) {
    if (AdmitsNothing(shape.GoalAt(i))) return true;
  }
  return std::any_of(shape.contains.begin(), shape.contains.end(), [](const auto& each) {
    return each.minimum > each.maximum || (each.minimum > 0 && AdmitsNothing(each.goal));
  });
}

}  // namespace codellama
