// A grammar of rules over bytes, and the reader of GBNF.
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

// Positions number all symbols of all alternatives. Each alternative ends with kEnd.
struct GrammarSymbol {
  enum class Kind : uint8_t { kBytes, kRule, kEnd };

  Kind kind = Kind::kEnd;
  uint32_t index = 0;  // of the byte set or of the rule
};

struct GrammarRule {
  std::string name;
  std::vector<uint32_t> alternatives;  // positions of their first symbols
};

class RuleGrammar : public Grammar {
 public:
  std::unique_ptr<GrammarMachine> NewMachine() const override;

  std::vector<GrammarSymbol> symbols;
  std::vector<ByteSet> byte_sets;
  std::vector<GrammarRule> rules;
  uint32_t root = 0;
};

// Reads GBNF, the format of llama.cpp (grammars/README.md there): rules `name ::= …` of literals,
// character classes, `.`, references, groups, alternatives, `? * + {m} {m,} {m,n}` and comments.
// `root` is where a text begins. Throws kInvalidGrammar, naming the line and column, or the rule
// that is missing, or begins with itself.
RuleGrammar ParseGrammar(std::string_view text);

}  // namespace codellama
