#include "engine/schema/plain_depth.h"

#include <algorithm>
#include <iterator>

namespace codellama::internal {

namespace {

constexpr PointRange kPlain[] = {
    {0x20, '"' - 1}, {'"' + 1, '\\' - 1}, {'\\' + 1, 0xD7FF}, {0xE000, kLastScalar}};

}  // namespace

bool HasPlain(const DfaEdge& edge) {
  return std::any_of(std::begin(kPlain), std::end(kPlain), [&](const PointRange& range) {
    return edge.first <= range.second && range.first <= edge.last;
  });
}

bool CoverPlain(const std::vector<DfaEdge>& edges) {
  auto edge = edges.begin();
  return std::all_of(std::begin(kPlain), std::end(kPlain), [&](const PointRange& range) {
    uint32_t from = range.first;  // the first point that no edge has so far
    while (from <= range.second) {
      while (edge != edges.end() && edge->last < from) edge++;
      if (edge == edges.end() || edge->first > from) return false;
      from = edge->last + 1;
    }
    return true;
  });
}

std::vector<uint32_t> Distances(const Dfa& dfa, const std::vector<bool>& blocked) {
  std::vector<std::vector<uint32_t>> sources(dfa.states.size());
  for (uint32_t state = 0; state < dfa.states.size(); state++) {
    for (const DfaEdge& edge : dfa.states[state].edges) {
      if (HasPlain(edge)) sources[edge.to].push_back(state);
    }
  }
  std::vector<uint32_t> distances(dfa.states.size(), UINT32_MAX);
  std::vector<uint32_t> queue;
  const auto add = [&](uint32_t state, uint32_t distance) {
    if (distances[state] != UINT32_MAX) return;
    distances[state] = distance;
    queue.push_back(state);
  };
  for (uint32_t state = 0; state < blocked.size(); state++) {
    if (blocked[state]) add(state, 0);
  }
  for (size_t at = 0; at < queue.size(); at++) {
    for (const uint32_t source : sources[queue[at]]) add(source, distances[queue[at]] + 1);
  }
  return distances;
}

}  // namespace codellama::internal
