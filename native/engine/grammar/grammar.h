// A context-free grammar over bytes. A text is valid when the root rule matches all of it.
#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace codellama {

using ByteSet = std::bitset<256>;

// The symbols of all alternatives lie in one array. A position is an index into it. Each
// alternative ends with kEnd.
struct GrammarSymbol {
  enum class Kind : uint8_t { kBytes, kRule, kEnd };

  Kind kind = Kind::kEnd;
  uint32_t index = 0;  // index of the byte set or of the rule
};

struct GrammarRule {
  std::string name;
  std::vector<uint32_t> alternatives;  // positions of their first symbols
};

struct Grammar {
  std::vector<GrammarSymbol> symbols;
  std::vector<ByteSet> byte_sets;
  std::vector<GrammarRule> rules;
  uint32_t root = 0;
};

// Reads GBNF, llama.cpp's format (grammars/README.md there): rules `name ::= …` with literals,
// character classes, `.`, references, groups, alternatives, `? * + {m} {m,} {m,n}` and comments.
// The root rule is named `root`. Throws Error with kInvalidGrammar, and with the line and column,
// or with the name of a missing or left-recursive rule.
Grammar ParseGrammar(std::string_view text);

}  // namespace codellama
