#include "engine/schema/key_automaton.h"

#include <algorithm>
#include <map>
#include <string_view>

#include "engine/base/error.h"
#include "engine/regex/code_points.h"
#include "engine/regex/compile_work.h"
#include "engine/regex/dfa_builder.h"

namespace codellama {

namespace {

// Maximum size of all label sets of one object, in 8-byte words: about 30 megabytes.
constexpr size_t kMaxWords = 4'000'000;

// A state of the product automaton: first the state in the trie of the named properties, then the
// state in the Dfa of each group of other names. Dfa::kDead = the name is not in that set.
using Parts = std::vector<uint32_t>;

// Splits the code points into ranges inside which each part has one target. Calls
// emit(first, last, next) for each range with a target, in ascending order.
template <typename Emit>
void Sweep(const std::vector<const Dfa*>& dfas, const Parts& parts, Emit&& emit) {
  std::vector<uint32_t> cuts;
  for (size_t i = 0; i < dfas.size(); i++) {
    if (parts[i] == Dfa::kDead) continue;
    for (const DfaEdge& edge : dfas[i]->states[parts[i]].edges) {
      cuts.push_back(edge.first);
      cuts.push_back(edge.last + 1);
    }
  }
  std::sort(cuts.begin(), cuts.end());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  for (size_t cut = 0; cut + 1 < cuts.size(); cut++) {
    Parts next(parts.size(), Dfa::kDead);
    bool alive = false;
    for (size_t i = 0; i < dfas.size(); i++) {
      if (parts[i] != Dfa::kDead) next[i] = dfas[i]->Next(parts[i], cuts[cut]);
      alive = alive || next[i] != Dfa::kDead;
    }
    if (alive) emit(cuts[cut], cuts[cut + 1] - 1, next);
  }
}

// A trie of the named properties. `ends` receives the label for each state at which a name ends.
Dfa Trie(const std::vector<std::string_view>& names, std::map<uint32_t, uint32_t>* ends) {
  Dfa trie;
  trie.states.emplace_back();
  for (uint32_t label = 0; label < names.size(); label++) {
    uint32_t state = 0;
    std::string_view rest = names[label];
    bool valid = true;
    while (!rest.empty() && valid) {
      const uint32_t point = TakeCodePoint(&rest);
      valid = point != kNoCodePoint;
      if (!valid) break;
      uint32_t next = trie.Next(state, point);
      if (next == Dfa::kDead) {
        next = static_cast<uint32_t>(trie.states.size());
        trie.states.emplace_back();
        std::vector<DfaEdge>& edges = trie.states[state].edges;
        const DfaEdge edge{point, point, next};
        edges.insert(
            std::upper_bound(edges.begin(), edges.end(), edge,
                             [](const auto& a, const auto& b) { return a.first < b.first; }),
            edge);
      }
      state = next;
    }
    if (valid) ends->emplace(state, label);
  }
  return trie;
}

}  // namespace

LabelSet Union(LabelSet left, const LabelSet& right) {
  for (size_t word = 0; word < left.size(); word++) left[word] |= right[word];
  return left;
}

bool Intersects(const LabelSet& left, const LabelSet& right) {
  for (size_t i = 0; i < left.size(); i++) {
    if ((left[i] & right[i]) != 0) return true;
  }
  return false;
}

KeyAutomaton::KeyAutomaton(const ObjectShape& shape) {
  std::vector<std::string_view> names;
  for (const auto& [name, _] : shape.named) names.push_back(name);
  std::map<uint32_t, uint32_t> ends;
  const Dfa trie = Trie(names, &ends);
  std::vector<const Dfa*> dfas = {&trie};
  for (const auto& [others, _] : shape.others) dfas.push_back(others.get());
  labels = static_cast<uint32_t>(names.size() + shape.others.size());

  dfa = Explore(Parts(dfas.size(), 0), [&](const Parts& parts, const auto& emit) {
    uint32_t label = kNoLabel;
    for (size_t i = 1; i < dfas.size(); i++) {
      const bool ends_here = parts[i] != Dfa::kDead && dfas[i]->states[parts[i]].accepting;
      if (ends_here) label = static_cast<uint32_t>(names.size() + i - 1);
    }
    const auto listed = parts[0] == Dfa::kDead ? ends.end() : ends.find(parts[0]);
    if (listed != ends.end()) label = listed->second;
    label_of.push_back(label);
    Sweep(dfas, parts, emit);
    return label != kNoLabel;
  });
  if (dfa.states.size() * (labels / 64 + 1) > kMaxWords) {
    throw Error(ErrorCode::kInvalidGrammar, "an object lists too many properties");
  }
  reachable_from.assign(dfa.states.size(), LabelSet(labels / 64 + 1, 0));
  for (size_t i = 0; i < dfa.states.size(); i++) {
    if (label_of[i] != kNoLabel) AddLabel(&reachable_from[i], label_of[i]);
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t i = dfa.states.size(); i-- > 0;) {
      CompileWork::Add(1 + dfa.states[i].edges.size() * (labels / 64 + 1) / 1000);
      for (const DfaEdge& edge : dfa.states[i].edges) {
        for (size_t word = 0; word < reachable_from[i].size(); word++) {
          const uint64_t more = reachable_from[edge.to][word] & ~reachable_from[i][word];
          reachable_from[i][word] |= more;
          changed = changed || more != 0;
        }
      }
    }
  }
}

}  // namespace codellama
