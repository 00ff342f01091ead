#include "engine/regex/dfa.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <string>
#include <tuple>
#include <utility>

#include "engine/base/error.h"
#include "engine/regex/code_points.h"
#include "engine/regex/dfa_builder.h"

namespace codellama {

namespace {

// Maximum number of edges that the search for equal states visits, which takes a few milliseconds.
// For a long chain of states the time grows with the square of the length. Beyond this limit the
// states are not merged, which is correct but needs more memory.
constexpr size_t kMaxVisits = 50'000;

enum class Operation { kUnion, kIntersection, kDifference };

bool Accepts(Operation operation, bool left, bool right) {
  switch (operation) {
    case Operation::kUnion:
      return left || right;
    case Operation::kIntersection:
      return left && right;
    case Operation::kDifference:
      return left && !right;
  }
  return false;
}

// One state of each automaton. Dfa::kDead = that automaton rejects the text read so far.
using Pair = std::pair<uint32_t, uint32_t>;

const DfaState& StateOf(const Dfa& dfa, uint32_t state) {
  static const DfaState dead;
  return state == Dfa::kDead ? dead : dfa.states[state];
}

// Splits all code points into ranges inside which both states have one target each. Calls
// emit(first, last, left target, right target) for each range, in ascending order.
template <typename Emit>
void Sweep(const DfaState& left, const DfaState& right, Emit&& emit) {
  size_t i = 0;
  size_t j = 0;
  const auto target = [](const DfaState& state, size_t index, uint32_t point, uint32_t* last) {
    if (index == state.edges.size()) return Dfa::kDead;
    const DfaEdge& edge = state.edges[index];
    if (point < edge.first) {
      *last = std::min(*last, edge.first - 1);
      return Dfa::kDead;
    }
    *last = std::min(*last, edge.last);
    return edge.to;
  };
  for (uint32_t point = 0; point <= kLastScalar;) {
    uint32_t last = kLastScalar;
    const uint32_t left_to = target(left, i, point, &last);
    const uint32_t right_to = target(right, j, point, &last);
    emit(point, last, left_to, right_to);
    if (i < left.edges.size() && left.edges[i].last == last) i++;
    if (j < right.edges.size() && right.edges[j].last == last) j++;
    point = last + 1;
  }
}

// Product construction: runs both automata at the same time.
Dfa Product(const Dfa& left, const Dfa& right, Operation operation) {
  return Explore(Pair{0, 0}, [&](const Pair& pair, const auto& emit) {
    const DfaState& from_left = StateOf(left, pair.first);
    const DfaState& from_right = StateOf(right, pair.second);
    Sweep(from_left, from_right, [&](uint32_t first, uint32_t last, uint32_t i, uint32_t j) {
      const bool both_matter = operation == Operation::kIntersection;
      if (i == Dfa::kDead && (both_matter || operation == Operation::kDifference)) return;
      if (j == Dfa::kDead && (both_matter || i == Dfa::kDead)) return;
      emit(first, last, Pair{i, j});
    });
    return Accepts(operation, from_left.accepting, from_right.accepting);
  });
}

// Marks the states that can reach an accepting state, by a search backwards from those.
std::vector<bool> LiveStates(const Dfa& dfa) {
  std::vector<std::vector<uint32_t>> sources(dfa.states.size());
  std::vector<bool> live(dfa.states.size(), false);
  std::vector<uint32_t> found;
  for (uint32_t state = 0; state < dfa.states.size(); state++) {
    for (const DfaEdge& edge : dfa.states[state].edges) sources[edge.to].push_back(state);
    if (!dfa.states[state].accepting) continue;
    live[state] = true;
    found.push_back(state);
  }
  while (!found.empty()) {
    const uint32_t state = found.back();
    found.pop_back();
    for (const uint32_t source : sources[state]) {
      if (live[source]) continue;
      live[source] = true;
      found.push_back(source);
    }
  }
  return live;
}

// Appends an edge, or extends the last edge if the new one continues it.
void AppendEdge(DfaEdge edge, std::vector<DfaEdge>* edges) {
  if (!edges->empty() && edges->back().to == edge.to && edges->back().last + 1 == edge.first) {
    edges->back().last = edge.last;
  } else {
    edges->push_back(edge);
  }
}

// Merges all states of one class into one state. `class_of` maps each state to its class;
// Dfa::kDead drops the state.
Dfa Quotient(const Dfa& dfa, const std::vector<uint32_t>& class_of) {
  Dfa result;
  std::vector<uint32_t> number(dfa.states.size(), Dfa::kDead);  // new state of each class
  std::vector<uint32_t> members;                                // one old state for each new state
  const auto number_of = [&](uint32_t state) {
    uint32_t& place = number[class_of[state]];
    if (place == Dfa::kDead) {
      place = static_cast<uint32_t>(members.size());
      members.push_back(state);
    }
    return place;
  };
  if (class_of[0] == Dfa::kDead) return {{DfaState{}}};
  number_of(0);
  for (size_t at = 0; at < members.size(); at++) {
    const DfaState& state = dfa.states[members[at]];
    DfaState merged;
    merged.accepting = state.accepting;
    for (const DfaEdge& edge : state.edges) {
      if (class_of[edge.to] == Dfa::kDead) continue;
      AppendEdge({edge.first, edge.last, number_of(edge.to)}, &merged.edges);
    }
    result.states.push_back(std::move(merged));
  }
  return result;
}

std::vector<uint32_t> Numbers(size_t count) {
  std::vector<uint32_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

// Classes of states from which the same texts are accepted, found by Moore's partition refinement.
// If that takes too long, each state is its own class.
std::vector<uint32_t> EquivalenceClasses(const Dfa& dfa) {
  std::vector<uint32_t> classes(dfa.states.size());
  size_t visits = 0;
  for (size_t i = 0; i < classes.size(); i++) classes[i] = dfa.states[i].accepting ? 1 : 0;
  for (size_t count = 0;;) {
    using Signature = std::pair<uint32_t, std::vector<DfaEdge>>;
    const auto less = [](const Signature& left, const Signature& right) {
      if (left.first != right.first) return left.first < right.first;
      return std::lexicographical_compare(
          left.second.begin(), left.second.end(), right.second.begin(), right.second.end(),
          [](const DfaEdge& a, const DfaEdge& b) {
            return std::tie(a.first, a.last, a.to) < std::tie(b.first, b.last, b.to);
          });
    };
    std::map<Signature, uint32_t, decltype(less)> numbers(less);
    std::vector<uint32_t> refined(classes.size());
    for (size_t i = 0; i < classes.size(); i++) {
      Signature signature{classes[i], {}};
      for (const DfaEdge& edge : dfa.states[i].edges) {
        AppendEdge({edge.first, edge.last, classes[edge.to]}, &signature.second);
      }
      visits += 1 + dfa.states[i].edges.size();
      refined[i] = numbers.try_emplace(std::move(signature), numbers.size()).first->second;
    }
    if (visits > kMaxVisits) return Numbers(classes.size());
    classes = std::move(refined);
    if (numbers.size() == count) return classes;
    count = numbers.size();
  }
}

// Returns an operand instead of the result if they are equal, so that pointers can be compared and
// memory is shared. Two reduced automata of the same set usually have the same states.
DfaPtr SharedWith(const DfaPtr& left, const DfaPtr& right, DfaPtr result) {
  if (result->states == left->states) return left;
  if (result->states == right->states) return right;
  return result;
}

DfaPtr Share(Dfa dfa) { return std::make_shared<const Dfa>(std::move(dfa)); }

}  // namespace

bool Dfa::IsAll() const {
  static const std::vector<DfaEdge> everything = {{0, kLastScalar, 0}};
  return states.size() == 1 && states[0].accepting && states[0].edges == everything;
}

uint32_t Dfa::Next(uint32_t state, uint32_t code_point) const {
  const std::vector<DfaEdge>& edges = states[state].edges;
  const auto after =
      std::upper_bound(edges.begin(), edges.end(), code_point,
                       [](uint32_t point, const DfaEdge& edge) { return point < edge.first; });
  if (after == edges.begin() || (after - 1)->last < code_point) return kDead;
  return (after - 1)->to;
}

bool Dfa::HasEdge(uint32_t state, uint32_t first, uint32_t last) const {
  const std::vector<DfaEdge>& edges = states[state].edges;
  const auto edge =
      std::lower_bound(edges.begin(), edges.end(), first,
                       [](const DfaEdge& each, uint32_t point) { return each.last < point; });
  return edge != edges.end() && edge->first <= last;
}

bool Dfa::Contains(std::string_view text) const {
  uint32_t state = 0;
  while (!text.empty() && state != kDead) {
    const uint32_t point = TakeCodePoint(&text);
    if (point == kNoCodePoint) return false;
    state = Next(state, point);
  }
  return state != kDead && states[state].accepting;
}

DfaPtr Reduced(Dfa dfa) {
  const std::vector<bool> live = LiveStates(dfa);
  std::vector<uint32_t> classes(dfa.states.size());
  for (uint32_t i = 0; i < classes.size(); i++) classes[i] = live[i] ? i : Dfa::kDead;
  Dfa trimmed = Quotient(dfa, classes);
  return Share(Quotient(trimmed, EquivalenceClasses(trimmed)));
}

DfaPtr NoText() {
  static const DfaPtr none = Share({{DfaState{}}});
  return none;
}

DfaPtr AllTexts() {
  static const DfaPtr all = Share({{DfaState{{{0, kLastScalar, 0}}, true}}});
  return all;
}

DfaPtr OneText(std::string_view text) { return AnyOfTexts({text}); }

DfaPtr AnyOfTexts(const std::vector<std::string_view>& texts) {
  // Builds a trie. A state is a range of the sorted texts that share the code points read so far.
  std::vector<std::vector<uint32_t>> sorted;
  for (std::string_view text : texts) {
    std::vector<uint32_t>& points = sorted.emplace_back();
    while (!text.empty()) points.push_back(TakeCodePoint(&text));
    // A text with a lone surrogate is not UTF-8, so no text can equal it.
    if (std::find(points.begin(), points.end(), kNoCodePoint) != points.end()) sorted.pop_back();
  }
  std::sort(sorted.begin(), sorted.end());
  struct Part {
    size_t begin, end, depth;
    bool operator<(const Part& other) const {
      return std::tie(begin, end, depth) < std::tie(other.begin, other.end, other.depth);
    }
  };
  return Reduced(Explore(Part{0, sorted.size(), 0}, [&](const Part& part, const auto& emit) {
    size_t at = part.begin;
    while (at < part.end && sorted[at].size() == part.depth) at++;
    const bool accepting = at > part.begin;
    while (at < part.end) {
      const uint32_t point = sorted[at][part.depth];
      const size_t begin = at;
      while (at < part.end && sorted[at][part.depth] == point) at++;
      emit(point, point, Part{begin, at, part.depth + 1});
    }
    return accepting;
  }));
}

DfaPtr TextsOfLength(uint64_t minimum, uint64_t maximum) {
  if (minimum > maximum) return NoText();
  const bool bounded = maximum != UINT64_MAX;
  const uint64_t longest = bounded ? maximum : minimum;
  if (longest >= kMaxDfaStates) RefuseLargeDfa(kMaxDfaStates);
  Dfa dfa;
  for (uint64_t length = 0; length <= longest; length++) {
    DfaState& state = dfa.states.emplace_back();
    state.accepting = length >= minimum;
    if (length < longest) {
      state.edges.push_back({0, kLastScalar, static_cast<uint32_t>(length + 1)});
    } else if (!bounded) {
      state.edges.push_back({0, kLastScalar, static_cast<uint32_t>(length)});
    }
  }
  return Share(std::move(dfa));
}

DfaPtr Union(const DfaPtr& left, const DfaPtr& right) {
  if (left == right || right->IsEmpty() || left->IsAll()) return left;
  if (left->IsEmpty() || right->IsAll()) return right;
  return SharedWith(left, right, Reduced(Product(*left, *right, Operation::kUnion)));
}

DfaPtr Intersection(const DfaPtr& left, const DfaPtr& right) {
  if (left == right || left->IsEmpty() || right->IsAll()) return left;
  if (right->IsEmpty() || left->IsAll()) return right;
  return SharedWith(left, right, Reduced(Product(*left, *right, Operation::kIntersection)));
}

DfaPtr Difference(const DfaPtr& left, const DfaPtr& right) {
  if (left->IsEmpty() || right->IsEmpty()) return left;
  if (left == right || right->IsAll()) return NoText();
  return Reduced(Product(*left, *right, Operation::kDifference));
}

bool AreDisjoint(const DfaPtr& left, const DfaPtr& right) {
  return Intersection(left, right)->IsEmpty();
}

std::optional<std::vector<std::string>> TextsOf(const Dfa& dfa, size_t most) {
  std::vector<std::string> texts;
  std::vector<std::pair<uint32_t, std::string>> open = {{0, ""}};
  while (!open.empty()) {
    const auto [state, text] = std::move(open.back());
    open.pop_back();
    if (dfa.states[state].accepting) texts.push_back(text);
    // Each open prefix starts at least one text, so too many prefixes mean too many texts. In an
    // infinite set prefixes grow without end.
    if (texts.size() + open.size() > most || text.size() > 1000) return std::nullopt;
    for (const DfaEdge& edge : dfa.states[state].edges) {
      if (edge.last - edge.first >= most) return std::nullopt;
      for (uint32_t point = edge.first; point <= edge.last; point++) {
        std::string longer = text;
        AppendCodePoint(point, &longer);
        open.emplace_back(edge.to, std::move(longer));
      }
    }
  }
  return texts;
}

}  // namespace codellama
