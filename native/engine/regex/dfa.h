// A set of texts as a deterministic automaton over code points. Sets are closed under union,
// intersection and difference, which JSON Schema's keywords need.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/regex/code_points.h"

namespace codellama {

struct DfaEdge {
  uint32_t first = 0;  // code points, both ends included
  uint32_t last = 0;
  uint32_t to = 0;

  bool operator==(const DfaEdge&) const = default;
};

struct DfaState {
  std::vector<DfaEdge> edges;  // sorted, disjoint; a code point without an edge ends the text
  bool accepting = false;

  bool operator==(const DfaState&) const = default;
};

// State 0 is the start. Every other state is reachable, and an accepting state is reachable from
// it.
struct Dfa {
  static constexpr uint32_t kDead = UINT32_MAX;

  std::vector<DfaState> states;

  bool IsEmpty() const { return states[0].edges.empty() && !states[0].accepting; }
  // Whether the set holds every text.
  bool IsAll() const;
  // The next state, or kDead.
  uint32_t Next(uint32_t state, uint32_t code_point) const;
  // Whether some code point of the range has an edge.
  bool HasEdge(uint32_t state, uint32_t first, uint32_t last) const;
  // UTF-8; false for a text that is not UTF-8.
  bool Contains(std::string_view text) const;
};

using DfaPtr = std::shared_ptr<const Dfa>;

// The most states that any set may have. The functions below throw kInvalidGrammar beyond it.
inline constexpr size_t kMaxDfaStates = 50'000;

DfaPtr NoText();
DfaPtr AllTexts();
DfaPtr OneText(std::string_view text);
DfaPtr AnyOfTexts(const std::vector<std::string_view>& texts);
// Texts of `minimum` to `maximum` code points; UINT64_MAX is no limit.
DfaPtr TextsOfLength(uint64_t minimum, uint64_t maximum);

DfaPtr Union(const DfaPtr& left, const DfaPtr& right);
DfaPtr Intersection(const DfaPtr& left, const DfaPtr& right);
DfaPtr Difference(const DfaPtr& left, const DfaPtr& right);
bool AreDisjoint(const DfaPtr& left, const DfaPtr& right);

// Drops states that reach no accepting state, and merges states that accept the same texts.
DfaPtr Reduced(Dfa dfa);

}  // namespace codellama
