// Interfaces of a compiled grammar: the set of texts that the model may generate, byte by byte.
// RuleGrammar (GBNF), RegexGrammar and SchemaGrammar (JSON schemas) implement them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace codellama {

// Runs a grammar as a pushdown machine over bytes. A rule calls an inner rule: the machine reads
// the inner rule to its end and then continues the caller. The machine may create states when they
// are first needed. Only one thread may use it at a time.
class GrammarMachine {
 public:
  using State = uint32_t;
  static constexpr State kDead = 0;  // no text of the grammar starts with the bytes read

  // A rule that may start here.
  struct Call {
    State callee = kDead;  // start of the inner rule
    State after = kDead;   // state of the caller after the inner rule
  };

  // Properties of one state.
  struct Node {
    bool accepting = false;   // the rule may end here
    bool reads = true;        // Next() may return a state; false = it returns kDead for all bytes
    std::vector<State> free;  // states of the same rule that are reached without reading a byte
    std::vector<Call> calls;  // rules that may start here
  };

  virtual ~GrammarMachine() = default;
  // The state before the first byte of a text.
  virtual State start() const = 0;
  // The reference is valid until the next call of any member function.
  virtual const Node& NodeOf(State state) = 0;
  // The state after reading one byte, or kDead if the rule does not allow the byte here.
  virtual State Next(State state, uint8_t byte) = 0;
  // Number of plain characters (PlainLength() in token_trie.h) that may certainly follow, whichever
  // they are. UINT32_MAX = no end. 0 = not known.
  virtual uint32_t PlainCharacters(State state) = 0;
  // Estimated memory of the states, in bytes.
  virtual size_t bytes() const = 0;
};

// A compiled grammar. It is immutable, so requests on several threads share it.
class Grammar {
 public:
  virtual ~Grammar() = default;
  // Creates a machine for one thread. The grammar must outlive the machine.
  virtual std::unique_ptr<GrammarMachine> NewMachine() const = 0;
};

}  // namespace codellama
