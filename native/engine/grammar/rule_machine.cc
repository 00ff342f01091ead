// Runs a RuleGrammar. A state is the position of the next symbol plus one: 0 is kDead.
#include <unordered_map>
#include <utility>

#include "engine/grammar/rule_grammar.h"

namespace codellama {

namespace {

using Kind = GrammarSymbol::Kind;

class RuleMachine : public GrammarMachine {
 public:
  explicit RuleMachine(const RuleGrammar& grammar)
      : grammar_(grammar), start_(static_cast<State>(grammar.symbols.size()) + 1) {}

  State start() const override { return start_; }

  const Node& NodeOf(State state) override {
    const auto [place, added] = nodes_.try_emplace(state);
    if (added) place->second = MakeNode(state);
    return place->second;
  }

  State Next(State state, uint8_t byte) override {
    if (state == kDead || state == start_) return kDead;
    const GrammarSymbol& symbol = grammar_.symbols[state - 1];
    const bool reads = symbol.kind == Kind::kBytes && grammar_.byte_sets[symbol.index].test(byte);
    return reads ? state + 1 : kDead;
  }

  uint32_t PlainCharacters(State /*state*/) override { return 0; }

  size_t bytes() const override { return nodes_.size() * sizeof(std::pair<State, Node>) * 2; }

 private:
  Node MakeNode(State state) const {
    Node node;
    if (state == start_) {
      node.reads = false;
      node.free = StartsOf(grammar_.root);
      return node;
    }
    const GrammarSymbol& symbol = grammar_.symbols[state - 1];
    node.accepting = symbol.kind == Kind::kEnd;
    node.reads = symbol.kind == Kind::kBytes;
    if (symbol.kind != Kind::kRule) return node;
    // A tail call: after the last symbol of an alternative the rule is over, so the inner rule
    // takes its place and needs no frame.
    if (grammar_.symbols[state].kind == Kind::kEnd) {
      node.free = StartsOf(symbol.index);
    } else {
      for (const State start : StartsOf(symbol.index)) node.calls.push_back({start, state + 1});
    }
    return node;
  }

  std::vector<State> StartsOf(uint32_t rule) const {
    std::vector<State> starts;
    for (const uint32_t position : grammar_.rules[rule].alternatives)
      starts.push_back(position + 1);
    return starts;
  }

  const RuleGrammar& grammar_;
  const State start_;  // state before the root rule
  std::unordered_map<State, Node> nodes_;
};

}  // namespace

std::unique_ptr<GrammarMachine> RuleGrammar::NewMachine() const {
  return std::make_unique<RuleMachine>(*this);
}

}  // namespace codellama
