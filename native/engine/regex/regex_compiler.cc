// Compiles a regular expression to a Dfa: Thompson's construction makes an NFA, and the subset
// construction makes it deterministic. The NFA is built from the end of the expression to its
// start, so that a node knows the state that follows it.
#include <algorithm>
#include <string>
#include <utility>

#include "engine/base/error.h"
#include "engine/regex/dfa_builder.h"
#include "engine/regex/regex.h"

namespace codellama {

namespace {

constexpr size_t kMaxNfaStates = 200'000;
// Maximum number of NFA states that one subset construction visits: a few hundred milliseconds.
constexpr size_t kMaxVisits = 5'000'000;

using Kind = RegexNode::Kind;

[[noreturn]] void Refuse(const std::string& what) {
  throw Error(ErrorCode::kInvalidGrammar, "the regular expression " + what);
}

class Nfa {
 public:
  struct Edge {
    uint32_t first, last, to;
  };
  struct State {
    std::vector<Edge> edges;
    std::vector<uint32_t> free;      // states reached without reading a character
    std::vector<uint32_t> at_start;  // the same, but only at the start of the text
    std::vector<uint32_t> at_end;    // the same, but only at the end of the text
  };

  // Creates the accepting state. With `trailing`, any text may follow the match.
  explicit Nfa(bool trailing) {
    Add();
    if (trailing) states_[kAccept].edges.push_back({0, kLastScalar, kAccept});
  }

  static constexpr uint32_t kAccept = 0;

  // Adds the states of `node` in front of the state `next`. Returns the first of them.
  uint32_t Before(const RegexNode& node, uint32_t next);

  // Adds a state that reads any text and then continues with `next`.
  uint32_t AfterAnything(uint32_t next) {
    const uint32_t state = Add();
    states_[state].edges.push_back({0, kLastScalar, state});
    states_[state].free.push_back(next);
    return state;
  }

  // The set of texts that lead from `start` to the accepting state. `at_start`: `start` is the
  // start of the text.
  DfaPtr Determinize(uint32_t start, bool at_start);

 private:
  using Set = std::vector<uint32_t>;

  uint32_t Add() {
    if (states_.size() >= kMaxNfaStates)
      Refuse("needs too many states; use smaller repetition counts");
    states_.emplace_back();
    return static_cast<uint32_t>(states_.size()) - 1;
  }

  uint32_t BeforeRepeat(const RegexNode& node, uint32_t next);
  uint32_t BeforeLookahead(const RegexNode& node, uint32_t next);
  uint32_t Embed(const Dfa& dfa);
  // All states that `seeds` reach without reading a character, sorted.
  Set Closure(Set seeds, bool at_start, bool at_end);

  std::vector<State> states_;
  bool in_loop_ = false;
  size_t visits_ = 0;
};

uint32_t Nfa::Before(const RegexNode& node, uint32_t next) {
  switch (node.kind) {
    case Kind::kSet: {
      const uint32_t state = Add();
      for (const auto& [first, last] : node.set)
        states_[state].edges.push_back({first, last, next});
      return state;
    }
    case Kind::kSequence:
      for (auto child = node.children.rbegin(); child != node.children.rend(); ++child) {
        next = Before(*child, next);
      }
      return next;
    case Kind::kAlternatives: {
      const uint32_t state = Add();
      for (const RegexNode& child : node.children) {
        const uint32_t start = Before(child, next);
        states_[state].free.push_back(start);
      }
      return state;
    }
    case Kind::kRepeat:
      return BeforeRepeat(node, next);
    case Kind::kStart: {
      const uint32_t state = Add();
      states_[state].at_start.push_back(next);
      return state;
    }
    case Kind::kEnd: {
      const uint32_t state = Add();
      states_[state].at_end.push_back(next);
      return state;
    }
    case Kind::kLookahead:
      return BeforeLookahead(node, next);
  }
  return next;
}

uint32_t Nfa::BeforeRepeat(const RegexNode& node, uint32_t next) {
  const RegexNode& child = node.children.front();
  if (node.maximum == RegexNode::kUnbounded) {
    const uint32_t loop = Add();
    const bool outer = std::exchange(in_loop_, true);
    const uint32_t again = Before(child, loop);
    in_loop_ = outer;
    states_[loop].free = {again, next};
    next = loop;
  } else {
    const uint32_t after = next;
    for (uint32_t i = node.minimum; i < node.maximum; i++) {
      const uint32_t state = Add();
      const uint32_t once = Before(child, next);
      states_[state].free = {once, after};
      next = state;
    }
  }
  for (uint32_t i = 0; i < node.minimum; i++) next = Before(child, next);
  return next;
}

uint32_t Nfa::BeforeLookahead(const RegexNode& node, uint32_t next) {
  // The texts that may follow must be known. Inside a loop they are not: the loop is unfinished.
  if (in_loop_) Refuse("has a lookahead inside a repetition, which cannot be enforced");
  const DfaPtr rest = Determinize(next, false);
  Nfa ahead(true);
  const DfaPtr wanted = ahead.Determinize(ahead.Before(node.children.front(), kAccept), false);
  return Embed(node.negated ? *Difference(rest, wanted) : *Intersection(rest, wanted));
}

// Copies an automaton into the NFA; its texts must extend to the end of the whole text. Returns the
// start state of the copy.
uint32_t Nfa::Embed(const Dfa& dfa) {
  const auto offset = static_cast<uint32_t>(states_.size());
  for (size_t i = 0; i < dfa.states.size(); i++) Add();
  for (size_t i = 0; i < dfa.states.size(); i++) {
    State& state = states_[offset + i];
    for (const DfaEdge& edge : dfa.states[i].edges) {
      state.edges.push_back({edge.first, edge.last, offset + edge.to});
    }
    if (dfa.states[i].accepting) state.at_end.push_back(kAccept);
  }
  return offset;
}

Nfa::Set Nfa::Closure(Set seeds, bool at_start, bool at_end) {
  Set closed;
  std::vector<bool> seen;  // a hash set is slower for small automata
  seen.resize(states_.size(), false);
  while (!seeds.empty()) {
    const uint32_t state = seeds.back();
    seeds.pop_back();
    if (seen[state]) continue;
    seen[state] = true;
    closed.push_back(state);
    const State& from = states_[state];
    seeds.insert(seeds.end(), from.free.begin(), from.free.end());
    if (at_start) seeds.insert(seeds.end(), from.at_start.begin(), from.at_start.end());
    if (at_end) seeds.insert(seeds.end(), from.at_end.begin(), from.at_end.end());
  }
  visits_ += closed.size() + states_.size() / 64;
  if (visits_ > kMaxVisits) Refuse("takes too long to compile; simplify it");
  std::sort(closed.begin(), closed.end());
  return closed;
}

DfaPtr Nfa::Determinize(uint32_t start, bool at_start) {
  struct Subset {
    bool at_start;
    Set states;
    bool operator<(const Subset& other) const {
      if (at_start != other.at_start) return at_start < other.at_start;
      return states < other.states;
    }
  };
  const auto accepts = [this](const Subset& subset) {
    const Set closed = Closure(subset.states, subset.at_start, true);
    return std::binary_search(closed.begin(), closed.end(), kAccept);
  };
  const Subset first{at_start, Closure({start}, at_start, false)};
  return Reduced(Explore(first, [&](const Subset& subset, const auto& emit) {
    std::vector<Edge> edges;
    std::vector<uint32_t> cuts;
    for (const uint32_t state : subset.states) {
      for (const Edge& edge : states_[state].edges) {
        edges.push_back(edge);
        cuts.push_back(edge.first);
        cuts.push_back(edge.last + 1);
      }
    }
    std::sort(cuts.begin(), cuts.end());
    cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
    for (size_t i = 0; i + 1 < cuts.size(); i++) {
      Set targets;
      for (const Edge& edge : edges) {
        if (edge.first <= cuts[i] && cuts[i] <= edge.last) targets.push_back(edge.to);
      }
      visits_ += edges.size() / 8;
      if (targets.empty()) continue;
      emit(cuts[i], cuts[i + 1] - 1, Subset{false, Closure(std::move(targets), false, false)});
    }
    return accepts(subset);
  }));
}

}  // namespace

DfaPtr TextsWithMatch(std::string_view pattern) {
  Nfa nfa(true);
  const uint32_t match = nfa.Before(ParseRegex(pattern), Nfa::kAccept);
  return nfa.Determinize(nfa.AfterAnything(match), true);
}

DfaPtr WholeMatches(std::string_view pattern) {
  Nfa nfa(false);
  return nfa.Determinize(nfa.Before(ParseRegex(pattern), Nfa::kAccept), true);
}

}  // namespace codellama
