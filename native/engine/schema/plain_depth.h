// Finds states of a string in which a text may continue with any plain characters. There the mask
// of tokens is known in advance (TokenTries::PlainSet).
#pragma once

#include <cstdint>
#include <vector>

#include "engine/regex/dfa.h"

namespace codellama {

// By state: the number of plain characters (PlainLength() in token_trie.h) that may certainly
// follow, whichever they are. UINT32_MAX = no end. `may_enter(state)` restricts the automaton to
// some of its states.
template <typename MayEnter>
std::vector<uint32_t> PlainDepths(const Dfa& dfa, MayEnter&& may_enter);

namespace internal {

// Whether the edges together have all plain characters.
bool CoverPlain(const std::vector<DfaEdge>& edges);
// Whether the edge has a plain character.
bool HasPlain(const DfaEdge& edge);
// By state: the distance to the nearest state with `blocked`, over edges with plain characters.
std::vector<uint32_t> Distances(const Dfa& dfa, const std::vector<bool>& blocked);

}  // namespace internal

template <typename MayEnter>
std::vector<uint32_t> PlainDepths(const Dfa& dfa, MayEnter&& may_enter) {
  std::vector<bool> blocked(dfa.states.size());
  for (size_t i = 0; i < blocked.size(); i++) {
    const std::vector<DfaEdge>& edges = dfa.states[i].edges;
    bool is_blocked = !internal::CoverPlain(edges);
    for (const DfaEdge& edge : edges) {
      is_blocked = is_blocked || (internal::HasPlain(edge) && !may_enter(edge.to));
    }
    blocked[i] = is_blocked;
  }
  return internal::Distances(dfa, blocked);
}

}  // namespace codellama
