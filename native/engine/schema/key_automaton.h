// Which property of an object a name belongs to, found while the name is read.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/regex/dfa.h"
#include "engine/schema/value_set.h"

namespace codellama {

// A set of labels, one bit each.
using LabelSet = std::vector<uint64_t>;

inline bool HasLabel(const LabelSet& set, uint32_t label) {
  return (set[label / 64] >> (label % 64) & 1) != 0;
}
inline void AddLabel(LabelSet* set, uint32_t label) {
  (*set)[label / 64] |= uint64_t{1} << (label % 64);
}
bool Intersects(const LabelSet& left, const LabelSet& right);

// Labels count the named properties first, in the map's order, then the groups of other names.
struct KeyAutomaton {
  static constexpr uint32_t kNoLabel = UINT32_MAX;

  explicit KeyAutomaton(const ObjectShape& shape);

  uint32_t labels = 0;
  Dfa dfa;                               // of all names with a label
  std::vector<uint32_t> label_of;        // by state: of the name that ends there
  std::vector<LabelSet> reachable_from;  // by state: labels of names that go on from there
};

}  // namespace codellama
