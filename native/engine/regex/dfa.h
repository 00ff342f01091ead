// Represents a set of texts as a deterministic finite automaton over Unicode code points. Union,
// intersection and difference of two sets are sets again: JSON Schema's keywords need all three.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/regex/code_points.h"

namespace codellama {

// The step from one state to another for a range of code points.
struct DfaEdge {
  uint32_t first = 0;  // first code point
  uint32_t last = 0;   // last code point, included
  uint32_t to = 0;     // number of the next state

  bool operator==(const DfaEdge&) const = default;
};

struct DfaState {
  std::vector<DfaEdge> edges;  // sorted and disjoint; a code point without an edge is forbidden
  bool accepting = false;      // the text may end here

  bool operator==(const DfaState&) const = default;
};

// A set of texts. State 0 is the start state. Reduced() guarantees that every other state can be
// reached from the start and can reach an accepting state.
struct Dfa {
  // The state after a text that no text of the set starts with.
  static constexpr uint32_t kDead = UINT32_MAX;

  std::vector<DfaState> states;

  bool IsEmpty() const { return states[0].edges.empty() && !states[0].accepting; }
  // Whether the set contains every text. Expects a reduced automaton.
  bool IsAll() const;
  // The state after `code_point`, or kDead. `state` must not be kDead.
  uint32_t Next(uint32_t state, uint32_t code_point) const;
  // Whether the state has an edge for at least one code point of the range, both ends included.
  bool HasEdge(uint32_t state, uint32_t first, uint32_t last) const;
  // Whether the set contains the text. False if the text is not UTF-8.
  bool Contains(std::string_view text) const;
};

using DfaPtr = std::shared_ptr<const Dfa>;

// Maximum number of states of one set. The functions below throw kInvalidGrammar if a result needs
// more.
inline constexpr size_t kMaxDfaStates = 50'000;

// The empty set.
DfaPtr NoText();
// The set of all texts.
DfaPtr AllTexts();
// Sets of the listed UTF-8 texts. A text that is not UTF-8 is left out.
DfaPtr OneText(std::string_view text);
DfaPtr AnyOfTexts(const std::vector<std::string_view>& texts);
// Texts of `minimum` to `maximum` code points, both included. UINT64_MAX = no maximum.
DfaPtr TextsOfLength(uint64_t minimum, uint64_t maximum);

// The results are reduced. A result that equals an operand is usually the same object.
DfaPtr Union(const DfaPtr& left, const DfaPtr& right);
DfaPtr Intersection(const DfaPtr& left, const DfaPtr& right);
// Texts of `left` that are not in `right`.
DfaPtr Difference(const DfaPtr& left, const DfaPtr& right);
// Whether no text is in both sets.
bool AreDisjoint(const DfaPtr& left, const DfaPtr& right);

// All texts of a set, or nullopt if there are more than `most`.
std::optional<std::vector<std::string>> TextsOf(const Dfa& dfa, size_t most);

// The same set with fewer states. Drops states that cannot reach an accepting state, and merges
// states from which the same texts are accepted. Very large automata are merged only in part.
DfaPtr Reduced(Dfa dfa);

}  // namespace codellama
