// Runs a SchemaPlan over the bytes of a JSON text (RFC 8259).
//
// Each value is a rule of the pushdown machine: an object or array calls the rule of a member or
// item and continues after it. Inside a rule a state is a Key: its kind, and up to four numbers
// such as the plan, the progress number of the object or array, and the state of an automaton. An
// object has a state for each progress number, so there can be very many. They are created when
// first needed.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/grammar/grammar.h"
#include "engine/schema/array_progress.h"
#include "engine/schema/object_progress.h"
#include "engine/schema/schema_plan.h"
#include "engine/schema/string_reader.h"

namespace codellama {

class JsonMachine : public GrammarMachine {
 public:
  // The plan must outlive the machine. With `compact`, whitespace is allowed only inside strings.
  JsonMachine(const SchemaPlan& plan, bool compact);

  State start() const override { return start_; }
  const Node& NodeOf(State state) override;
  State Next(State state, uint8_t byte) override;
  uint32_t PlainCharacters(State state) override;
  size_t bytes() const override;

 private:
  // Kinds of states and their numbers. In objects and arrays `a` is the index of the plan. In
  // states that allow whitespace, `d` holds the whitespace read (AfterSpace()).
  enum class Kind : uint8_t {
    kDead,
    kValue,        // a: value plan
    kString,       // a: value plan, b and c: StringPlace in the automaton of strings
    kNumber,       // a: value plan, b: state in the automaton of numbers
    kWord,         // null, true or false; a: index into kWords, b: number of bytes read
    kText,         // a: array plan, b: index into ArrayPlan::unique, c: number of bytes read
    kEnd,          // after the last byte of a value
    kObject,       // a: object plan; before {
    kObjectOpen,   // b: progress; after {
    kKey,          // b: progress, c and d: StringPlace in the automaton of names
    kColon,        // b: progress, c: label; before the colon
    kMember,       // b: progress, c: label; after the colon
    kAfterMember,  // b: progress including the member
    kNextKey,      // b: progress; after a comma
    kArray,        // a: array plan; before [
    kArrayOpen,    // b: progress; after [
    kItem,         // b: progress; after a comma
    kAfterItem,    // b: progress including the item
  };

  // Identifies a state.
  struct Key {
    Kind kind = Kind::kDead;
    uint32_t a = 0, b = 0, c = 0, d = 0;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    size_t operator()(const Key& key) const;
  };

  // The number of a state, which is added if it is new.
  State Intern(const Key& key);
  Node MakeNode(const Key& key);
  State Step(const Key& key, uint8_t byte);
  State StepValue(uint32_t value, uint8_t byte);
  // A byte after the opening bracket or after an item.
  State StepArray(const Key& key, uint8_t byte);
  State StepKey(const Key& key, uint8_t byte);
  // The state after one byte of whitespace, or kDead if the byte is not allowed as whitespace here.
  State AfterSpace(Key key, uint8_t byte);
  uint32_t PlainInName(const Key& key);

  const SchemaPlan& plan_;
  const bool compact_;
  ObjectProgress objects_;
  ArrayProgress arrays_;
  std::vector<Key> keys_;  // by state
  std::unordered_map<Key, State, KeyHash> states_;
  std::vector<std::unique_ptr<Node>> nodes_;                    // by state; null = not created yet
  std::vector<std::unique_ptr<std::array<State, 256>>> steps_;  // by state; UINT32_MAX = unknown
  size_t tables_ = 0;                                           // number of tables in `steps_`
  State start_ = kDead;
  // PlainDepths() of automata of strings, and of those of names by object and label.
  std::unordered_map<const Dfa*, std::vector<uint32_t>> string_depths_;
  std::map<std::pair<uint32_t, uint32_t>, std::vector<uint32_t>> name_depths_;
};

}  // namespace codellama
