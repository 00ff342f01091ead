// A grammar of rules over bytes, and the parser of its text format GBNF.
#pragma once

#include <bitset>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/grammar/grammar.h"

namespace codellama {

using ByteSet = std::bitset<256>;

// One symbol of an alternative. A position is an index into RuleGrammar::symbols, which holds the
// symbols of all alternatives. Each alternative ends with kEnd.
struct GrammarSymbol {
  enum class Kind : uint8_t { kBytes, kRule, kEnd };

  Kind kind = Kind::kEnd;
  uint32_t index = 0;  // kBytes: index into `byte_sets`; kRule: index into `rules`
};

struct GrammarRule {
  std::string name;
  std::vector<uint32_t> alternatives;  // position of the first symbol of each alternative
};

class RuleGrammar : public Grammar {
 public:
  std::unique_ptr<GrammarMachine> NewMachine() const override;

  std::vector<GrammarSymbol> symbols;
  std::vector<ByteSet> byte_sets;
  std::vector<GrammarRule> rules;
  uint32_t root = 0;  // index of the rule that a text follows
};

// Reads GBNF, the format of llama.cpp (grammars/README.md there): rules `name ::= …` of literals,
// character classes, `.`, references, groups, alternatives, `? * + {m} {m,} {m,n}` and comments.
// The rule `root` describes a whole text. Throws kInvalidGrammar for a syntax error, naming the
// line and column, and for a rule that is missing or is left-recursive, naming the rule.
RuleGrammar ParseGrammar(std::string_view text);

}  // namespace codellama
