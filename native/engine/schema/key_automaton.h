// Finds out which property of an object a name belongs to, while the name is read.
//
// Schemas treat all names of one kind alike: a property listed in `properties`, or any name that
// matches a pattern, or any other name. Each of these kinds has a number, its label. Labels are
// numbered per object: first the entries of ObjectShape::named in the map's order, then the groups
// in ObjectShape::others.
//
// Inside a name the machine also must know which labels the name can still get. Otherwise the model
// could begin a name that it must not finish, such as that of a property already written.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/regex/dfa.h"
#include "engine/schema/value_set.h"

namespace codellama {

// A set of labels, one bit each: bit (label % 64) of word (label / 64). Sets of the same object
// have the same length.
using LabelSet = std::vector<uint64_t>;

inline bool HasLabel(const LabelSet& set, uint32_t label) {
  return (set[label / 64] >> (label % 64) & 1) != 0;
}
inline void AddLabel(LabelSet* set, uint32_t label) {
  (*set)[label / 64] |= uint64_t{1} << (label % 64);
}
// The labels that are in one of the sets, or in both.
LabelSet Union(LabelSet left, const LabelSet& right);
// Whether the sets share a label.
bool Intersects(const LabelSet& left, const LabelSet& right);

// The automaton of all names that the shape allows. It reads decoded names.
struct KeyAutomaton {
  // No allowed name ends in this state.
  static constexpr uint32_t kNoLabel = UINT32_MAX;

  explicit KeyAutomaton(const ObjectShape& shape);

  uint32_t labels = 0;                   // number of labels
  Dfa dfa;                               // accepts the allowed names
  std::vector<uint32_t> label_of;        // by state: label of a name that ends there, or kNoLabel
  std::vector<LabelSet> reachable_from;  // by state: labels of all names that pass or end there
};

}  // namespace codellama
