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
    std::vector<uint32_t> free;  // states reached without reading a character
    // The same, but only at the start or end of the text, or of a line.
    std::vector<uint32_t> at_start, at_end, at_line_start, at_line_end;
  };

  // Creates the accepting state. With `trailing`, any text may follow the match.
  explicit Nfa(bool trailing) : trailing_(trailing) {
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

  // The set of texts that lead from `start` to the accepting state, where `place` precedes the
  // first character.
  DfaPtr Determinize(uint32_t start, MatchStart place);

 private:
  using Set = std::vector<uint32_t>;
  // What follows a place in the text.
  enum class Following { kUnknown, kLineEnd, kTextEnd };
  // A set of states at one place of the text.
  struct Subset {
    MatchStart place;
    Set states;
    auto operator<=>(const Subset&) const = default;
  };

  // Adds a state that only continues at a certain place. `edges` lists the states after it.
  uint32_t BeforeAnchor(std::vector<uint32_t> State::* edges, uint32_t next) {
    const uint32_t state = Add();
    (states_[state].*edges).push_back(next);
    return state;
  }

  uint32_t Add() {
    if (states_.size() >= kMaxNfaStates)
      Refuse("needs too many states; use smaller repetition counts");
    states_.emplace_back();
    return static_cast<uint32_t>(states_.size()) - 1;
  }

  uint32_t BeforeRepeat(const RegexNode& node, uint32_t next);
  uint32_t BeforeLookahead(const RegexNode& node, uint32_t next);
  uint32_t Embed(const Dfa& dfa);
  // Whether what `state` matches depends on the text before it.
  bool LooksBack(uint32_t state);
  // All states that `seeds` reach without reading a character, sorted.
  Set Closure(Set seeds, MatchStart place, Following following);
  // Calls emit(first, last, targets) for each range of characters that the states read.
  template <typename Emit>
  void ReadCharacter(const Subset& subset, const Emit& emit);

  const bool trailing_;
  bool has_line_anchors_ = false;
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
    case Kind::kStart:
      return BeforeAnchor(&State::at_start, next);
    case Kind::kEnd:
      return BeforeAnchor(&State::at_end, next);
    case Kind::kLineStart:
      has_line_anchors_ = true;
      return BeforeAnchor(&State::at_line_start, next);
    case Kind::kLineEnd:
      has_line_anchors_ = true;
      return BeforeAnchor(&State::at_line_end, next);
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
  Nfa ahead(true);
  const uint32_t start = ahead.Before(node.children.front(), kAccept);
  if (LooksBack(next) || ahead.LooksBack(start)) {
    Refuse("has ^ directly after a lookahead or at its start, which cannot be enforced");
  }
  const DfaPtr rest = Determinize(next, MatchStart::kInside);
  const DfaPtr wanted = ahead.Determinize(start, MatchStart::kInside);
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
    const DfaState all{{{0, kLastScalar, static_cast<uint32_t>(i)}}, true};
    if (dfa.states[i] == all) {
      state.free.push_back(kAccept);
    } else if (dfa.states[i].accepting) {
      state.at_end.push_back(kAccept);
    }
  }
  return offset;
}

bool Nfa::LooksBack(uint32_t state) {
  const Set reached = Closure({state}, MatchStart::kInside, Following::kTextEnd);
  return std::any_of(reached.begin(), reached.end(), [this](uint32_t each) {
    return !states_[each].at_start.empty() || !states_[each].at_line_start.empty();
  });
}

Nfa::Set Nfa::Closure(Set seeds, MatchStart place, Following following) {
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
    const auto follow = [&](const Set& next) {
      seeds.insert(seeds.end(), next.begin(), next.end());
    };
    follow(from.free);
    if (place == MatchStart::kText) follow(from.at_start);
    if (place != MatchStart::kInside) follow(from.at_line_start);
    if (following == Following::kTextEnd) follow(from.at_end);
    if (following != Following::kUnknown) follow(from.at_line_end);
  }
  visits_ += closed.size() + states_.size() / 64;
  if (visits_ > kMaxVisits) Refuse("takes too long to compile; simplify it");
  std::sort(closed.begin(), closed.end());
  // Any text may follow, so the other states make no difference.
  if (trailing_ && !closed.empty() && closed.front() == kAccept) return {kAccept};
  return closed;
}

template <typename Emit>
void Nfa::ReadCharacter(const Subset& subset, const Emit& emit) {
  std::vector<Edge> edges;
  std::vector<uint32_t> cuts;
  const auto read = [&](const Set& states, uint32_t first, uint32_t last) {
    for (const uint32_t state : states) {
      for (const Edge& edge : states_[state].edges) {
        if (edge.first > last || edge.last < first) continue;
        edges.push_back({std::max(edge.first, first), std::min(edge.last, last), edge.to});
        cuts.push_back(edges.back().first);
        cuts.push_back(edges.back().last + 1);
      }
    }
  };
  if (has_line_anchors_) {
    const Set at_line_end = Closure(subset.states, subset.place, Following::kLineEnd);
    for (const auto& [first, last] : kLineEnds) read(at_line_end, first, last);
    for (const auto& [first, last] : Complement(kLineEnds)) read(subset.states, first, last);
  } else {
    read(subset.states, 0, kLastScalar);
  }
  std::sort(cuts.begin(), cuts.end());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  for (size_t i = 0; i + 1 < cuts.size(); i++) {
    Set targets;
    for (const Edge& edge : edges) {
      if (edge.first <= cuts[i] && cuts[i] <= edge.last) targets.push_back(edge.to);
    }
    visits_ += edges.size() / 8;
    if (!targets.empty()) emit(cuts[i], cuts[i + 1] - 1, std::move(targets));
  }
}

DfaPtr Nfa::Determinize(uint32_t start, MatchStart place) {
  const auto accepts = [this](const Subset& subset) {
    const Set closed = Closure(subset.states, subset.place, Following::kTextEnd);
    return std::binary_search(closed.begin(), closed.end(), kAccept);
  };
  const Subset begin{place, Closure({start}, place, Following::kUnknown)};
  return Reduced(Explore(begin, [&](const Subset& subset, const auto& emit) {
    ReadCharacter(subset, [&](uint32_t first, uint32_t last, Set targets) {
      const bool ends_line = has_line_anchors_ && IsLineEnd(first);
      const MatchStart after = ends_line ? MatchStart::kLine : MatchStart::kInside;
      emit(first, last, Subset{after, Closure(std::move(targets), after, Following::kUnknown)});
    });
    return accepts(subset);
  }));
}

}  // namespace

DfaPtr TextsWithMatch(std::string_view pattern) {
  Nfa nfa(true);
  const uint32_t match = nfa.Before(ParseRegex(pattern), Nfa::kAccept);
  return nfa.Determinize(nfa.AfterAnything(match), MatchStart::kText);
}

DfaPtr WholeMatches(const RegexNode& regex) {
  Nfa nfa(false);
  return nfa.Determinize(nfa.Before(regex, Nfa::kAccept), MatchStart::kText);
}

DfaPtr WholeMatches(std::string_view pattern) { return WholeMatches(ParseRegex(pattern)); }

DfaPtr TextsStartingWithMatch(const RegexNode& regex, MatchStart start) {
  Nfa nfa(true);
  return nfa.Determinize(nfa.Before(regex, Nfa::kAccept), start);
}

}  // namespace codellama
