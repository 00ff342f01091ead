// What a text may look like, from its first byte to its last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace codellama {

// A grammar as a machine over bytes. A rule inside another one is a call: it is read to its end,
// then the caller goes on. States may be made when they are first needed. One thread at a time.
class GrammarMachine {
 public:
  using State = uint32_t;
  static constexpr State kDead = 0;  // nothing may come

  struct Call {
    State callee = kDead;  // where the inner rule begins
    State after = kDead;   // where the caller goes on
  };

  struct Node {
    bool accepting = false;   // the rule may end here
    bool reads = true;        // some byte may come here
    std::vector<State> free;  // other states of the rule that need no byte to be reached
    std::vector<Call> calls;
  };

  virtual ~GrammarMachine() = default;
  virtual State start() const = 0;
  // Valid until the next call of anything here.
  virtual const Node& NodeOf(State state) = 0;
  // The state after one byte, or kDead.
  virtual State Next(State state, uint8_t byte) = 0;
  // Memory that the states take, in bytes, roughly.
  virtual size_t bytes() const = 0;
};

// A compiled grammar. It never changes, so that requests of several threads share it.
class Grammar {
 public:
  virtual ~Grammar() = default;
  // A machine for one thread. The grammar must outlive it.
  virtual std::unique_ptr<GrammarMachine> NewMachine() const = 0;
};

}  // namespace codellama
