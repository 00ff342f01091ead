// Builds a Dfa by exploring states of any type from a start state: the common part of the subset
// construction, the product construction and the number sets.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "engine/regex/compile_work.h"
#include "engine/regex/dfa.h"

namespace codellama {

[[noreturn]] inline void RefuseLargeDfa(size_t limit) {
  throw Error(ErrorCode::kInvalidGrammar, "the set of allowed texts needs more than " +
                                              std::to_string(limit) + " states; simplify it");
}

// Numbers all states that can be reached from `start`. `visit(state, emit)` calls
// emit(first, last, next) for each outgoing range of code points; the ranges are disjoint and in
// ascending order. It returns whether the state is accepting. State needs operator<. Throws
// kInvalidGrammar if there are more than `limit` states. The result is not reduced.
template <typename State, typename Visit>
Dfa Explore(const State& start, Visit&& visit, size_t limit = kMaxDfaStates) {
  Dfa dfa;
  std::map<State, uint32_t> numbers;
  std::vector<const State*> queue;
  const auto number_of = [&](const State& state) {
    const auto [place, added] = numbers.try_emplace(state, static_cast<uint32_t>(queue.size()));
    if (added) {
      if (queue.size() >= limit) RefuseLargeDfa(limit);
      queue.push_back(&place->first);
      dfa.states.emplace_back();
    }
    return place->second;
  };
  number_of(start);
  for (size_t at = 0; at < queue.size(); at++) {
    CompileWork::Add(1);
    std::vector<DfaEdge> edges;
    const auto emit = [&](uint32_t first, uint32_t last, const State& next) {
      const uint32_t to = number_of(next);
      if (!edges.empty() && edges.back().to == to && edges.back().last + 1 == first) {
        edges.back().last = last;
      } else {
        edges.push_back({first, last, to});
      }
    };
    const bool accepting = visit(*queue[at], emit);
    dfa.states[at] = {std::move(edges), accepting};
  }
  return dfa;
}

}  // namespace codellama
