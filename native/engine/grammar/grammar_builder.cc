#include "engine/grammar/grammar_builder.h"

#include <algorithm>

#include "engine/base/error.h"

namespace codellama {

namespace {

// Repetitions multiply the number of symbols. This many take about 30 MB and 30 ms.
constexpr size_t kMaxSymbols = 500'000;

using Kind = GrammarSymbol::Kind;

[[noreturn]] void Refuse(const std::string& what) {
  throw Error(ErrorCode::kInvalidGrammar, "grammar: " + what);
}

// Whether the rule comes from the text. Rules for groups and repetitions have no name.
bool HasName(const GrammarRule& rule) { return !rule.name.empty(); }

}  // namespace

std::string ShownName(std::string_view name) {
  constexpr size_t kShown = 80;
  return name.size() <= kShown ? std::string(name) : std::string(name.substr(0, kShown)) + "...";
}

uint32_t GrammarBuilder::NewRule(std::string name) {
  grammar_.rules.push_back({std::move(name), {}});
  defined_.push_back(false);
  return static_cast<uint32_t>(grammar_.rules.size()) - 1;
}

uint32_t GrammarBuilder::Rule(std::string_view name) {
  const auto found = rules_by_name_.find(std::string(name));
  if (found != rules_by_name_.end()) return found->second;
  const uint32_t rule = NewRule(std::string(name));
  rules_by_name_.emplace(name, rule);
  return rule;
}

void GrammarBuilder::Claim(size_t symbols) {
  claimed_ += symbols;
  if (claimed_ <= kMaxSymbols) return;
  Refuse("the grammar is too large: more than " + std::to_string(kMaxSymbols) +
         " symbols; repeat less");
}

void GrammarBuilder::Define(uint32_t rule, const std::vector<Sequence>& alternatives) {
  defined_[rule] = true;
  for (const Sequence& sequence : alternatives) {
    grammar_.rules[rule].alternatives.push_back(static_cast<uint32_t>(grammar_.symbols.size()));
    grammar_.symbols.insert(grammar_.symbols.end(), sequence.begin(), sequence.end());
    grammar_.symbols.push_back({Kind::kEnd, 0});
  }
}

GrammarSymbol GrammarBuilder::AnyOf(const std::vector<Sequence>& alternatives) {
  if (alternatives.size() == 1 && alternatives[0].size() == 1) return alternatives[0][0];
  const uint32_t rule = NewRule("");
  Define(rule, alternatives);
  return {Kind::kRule, rule};
}

GrammarSymbol GrammarBuilder::Reference(std::string_view name) {
  Claim(1);
  return {Kind::kRule, Rule(name)};
}

GrammarSymbol GrammarBuilder::Bytes(const ByteSet& set) {
  Claim(1);
  const auto [place, added] =
      byte_sets_.try_emplace(set, static_cast<uint32_t>(grammar_.byte_sets.size()));
  if (added) grammar_.byte_sets.push_back(set);
  return {Kind::kBytes, place->second};
}

GrammarSymbol GrammarBuilder::Byte(uint8_t byte) { return Bytes(ByteSet().set(byte)); }

GrammarSymbol GrammarBuilder::Characters(const PointSet& ranges) {
  std::vector<Sequence> alternatives;
  ByteSet single;
  for (const PointRange& range : ranges) {
    for (const ByteRanges& bytes : Utf8Sequences(range)) {
      Claim(1);
      Sequence sequence;
      for (const auto& [first, last] : bytes) {
        ByteSet set;
        for (uint32_t byte = first; byte <= last; byte++) set.set(byte);
        if (bytes.size() == 1) {
          single |= set;
        } else {
          sequence.push_back(Bytes(set));
        }
      }
      if (!sequence.empty()) alternatives.push_back(std::move(sequence));
    }
  }
  if (single.any()) alternatives.push_back({Bytes(single)});
  return AnyOf(alternatives);
}

GrammarBuilder::Sequence GrammarBuilder::Repeat(GrammarSymbol symbol, uint32_t minimum,
                                                uint32_t maximum) {
  Claim(minimum);
  Sequence sequence(minimum, symbol);
  if (maximum == kUnbounded) {
    Claim(4);
    const uint32_t rest = NewRule("");
    Define(rest, {{symbol, {Kind::kRule, rest}}, {}});
    sequence.push_back({Kind::kRule, rest});
    return sequence;
  }
  // x{0,3} is (x (x (x)?)?)?
  Claim(size_t{4} * (maximum - minimum));
  Sequence rest;
  for (uint32_t i = minimum; i < maximum; i++) {
    rest.insert(rest.begin(), symbol);
    rest = {AnyOf({rest, {}})};
  }
  sequence.insert(sequence.end(), rest.begin(), rest.end());
  return sequence;
}

RuleGrammar GrammarBuilder::Finish() {
  const auto root = rules_by_name_.find("root");
  if (root == rules_by_name_.end() || !defined_[root->second]) {
    Refuse("the rule root is missing: every grammar starts with it");
  }
  grammar_.root = root->second;
  RequireRules();
  RequireNoLeftRecursion();
  return std::move(grammar_);
}

void GrammarBuilder::RequireRules() const {
  for (const auto& [name, rule] : rules_by_name_) {
    if (!defined_[rule]) Refuse("the rule " + ShownName(name) + " is used but not defined");
  }
}

std::vector<bool> GrammarBuilder::NullableRules() const {
  std::vector<bool> nullable(grammar_.rules.size(), false);
  // When a rule turns out to be nullable, the alternatives that wait for it advance.
  std::vector<std::vector<std::pair<uint32_t, uint32_t>>> waiting(grammar_.rules.size());
  std::vector<uint32_t> found;
  const auto advance = [&](uint32_t rule, uint32_t position) {
    while (grammar_.symbols[position].kind == Kind::kRule &&
           nullable[grammar_.symbols[position].index]) {
      position++;
    }
    const GrammarSymbol& symbol = grammar_.symbols[position];
    if (symbol.kind == Kind::kRule) {
      waiting[symbol.index].emplace_back(rule, position);
    } else if (symbol.kind == Kind::kEnd && !nullable[rule]) {
      nullable[rule] = true;
      found.push_back(rule);
    }
  };
  for (uint32_t rule = 0; rule < grammar_.rules.size(); rule++) {
    for (const uint32_t start : grammar_.rules[rule].alternatives) advance(rule, start);
  }
  while (!found.empty()) {
    const uint32_t rule = found.back();
    found.pop_back();
    for (const auto& [waiter, position] : std::exchange(waiting[rule], {})) {
      advance(waiter, position);
    }
  }
  return nullable;
}

void GrammarBuilder::RequireNoLeftRecursion() const {
  const std::vector<bool> nullable = NullableRules();
  // The rules that each rule may begin with.
  std::vector<std::vector<uint32_t>> beginnings(grammar_.rules.size());
  for (uint32_t rule = 0; rule < grammar_.rules.size(); rule++) {
    for (uint32_t position : grammar_.rules[rule].alternatives) {
      for (; grammar_.symbols[position].kind == Kind::kRule; position++) {
        const uint32_t first = grammar_.symbols[position].index;
        beginnings[rule].push_back(first);
        if (!nullable[first]) break;
      }
    }
  }
  enum class Mark : uint8_t { kNew, kOpen, kDone };
  std::vector<Mark> marks(grammar_.rules.size(), Mark::kNew);
  for (uint32_t start = 0; start < marks.size(); start++) {
    if (marks[start] != Mark::kNew) continue;
    std::vector<std::pair<uint32_t, size_t>> path = {{start, 0}};
    marks[start] = Mark::kOpen;
    while (!path.empty()) {
      auto& [rule, next] = path.back();
      if (next == beginnings[rule].size()) {
        marks[rule] = Mark::kDone;
        path.pop_back();
        continue;
      }
      const uint32_t child = beginnings[rule][next++];
      if (marks[child] == Mark::kNew) {
        marks[child] = Mark::kOpen;
        path.emplace_back(child, 0);
      } else if (marks[child] == Mark::kOpen) {
        const auto cycle = std::find_if(path.begin(), path.end(),
                                        [&](const auto& each) { return each.first == child; });
        const auto named = std::find_if(cycle, path.end(), [&](const auto& each) {
          return HasName(grammar_.rules[each.first]);
        });
        Refuse(named == path.end()
                   ? "a repeated expression must not match the empty text, as in (\"a\"*)*"
                   : "the rule " + ShownName(grammar_.rules[named->first].name) +
                         " may begin with itself (left recursion); put something before it");
      }
    }
  }
}

}  // namespace codellama
