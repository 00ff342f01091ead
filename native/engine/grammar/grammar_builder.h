// Builds a grammar while the parser reads it, and checks the finished grammar.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/grammar/rule_grammar.h"
#include "engine/grammar/utf8_ranges.h"

namespace codellama {

// The name of a rule, shortened for an error message.
std::string ShownName(std::string_view name);

class GrammarBuilder {
 public:
  using Sequence = std::vector<GrammarSymbol>;

  // The rule with this name. Define() may come before or after.
  uint32_t Rule(std::string_view name);
  bool IsDefined(uint32_t rule) const { return defined_[rule]; }
  void Define(uint32_t rule, const std::vector<Sequence>& alternatives);

  // Counts symbols and alternatives before they take memory. The methods below count their own.
  // Throws kInvalidGrammar when the grammar becomes too large.
  void Claim(size_t symbols);

  // One symbol that matches any of the alternatives.
  GrammarSymbol AnyOf(const std::vector<Sequence>& alternatives);
  GrammarSymbol Reference(std::string_view name);
  GrammarSymbol Byte(uint8_t byte);
  GrammarSymbol Characters(const PointSet& ranges);

  // The symbol `minimum` to `maximum` times. kUnbounded = no maximum.
  static constexpr uint32_t kUnbounded = UINT32_MAX;
  Sequence Repeat(GrammarSymbol symbol, uint32_t minimum, uint32_t maximum);

  // Throws kInvalidGrammar when a rule is missing or left-recursive.
  RuleGrammar Finish();

 private:
  uint32_t NewRule(std::string name);
  GrammarSymbol Bytes(const ByteSet& set);
  void RequireRules() const;
  void RequireNoLeftRecursion() const;
  std::vector<bool> NullableRules() const;

  size_t claimed_ = 0;
  RuleGrammar grammar_;
  std::vector<bool> defined_;
  std::unordered_map<std::string, uint32_t> rules_by_name_;
  std::unordered_map<ByteSet, uint32_t> byte_sets_;
};

}  // namespace codellama
