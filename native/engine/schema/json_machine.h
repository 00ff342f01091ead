// A plan as a machine over bytes. Its states are made when they are first needed: an object has a
// state for each set of properties that are already written.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "engine/grammar/grammar.h"
#include "engine/schema/array_progress.h"
#include "engine/schema/object_progress.h"
#include "engine/schema/schema_plan.h"
#include "engine/schema/string_reader.h"

namespace codellama {

class JsonMachine : public GrammarMachine {
 public:
  // The plan must outlive the machine. `compact` admits no space between the parts of a value.
  JsonMachine(const SchemaPlan& plan, bool compact);

  State start() const override { return start_; }
  const Node& NodeOf(State state) override;
  State Next(State state, uint8_t byte) override;
  size_t bytes() const override;

 private:
  // Where space may come, `d` counts it.
  enum class Kind : uint8_t {
    kDead,
    kValue,        // a: value plan
    kString,       // a: value plan, b: state, c: part of a character
    kNumber,       // a: value plan, b: state
    kWord,         // a: word, b: bytes that are read
    kText,         // a: array plan, b: unique text, c: bytes that are read
    kEnd,          // after the last byte of a value
    kObject,       // a: object plan; before {
    kObjectOpen,   // b: progress; after {
    kKey,          // b: progress, c: state, d: part of a character
    kColon,        // b: progress, c: label
    kMember,       // b: progress, c: label; before the member's value
    kAfterMember,  // b: progress, with the member
    kNextKey,      // b: progress; after a comma
    kArray,        // a: array plan; before [
    kArrayOpen,    // b: progress; after [
    kItem,         // b: progress; after a comma
    kAfterItem,    // b: progress, with the item
  };

  struct Key {
    Kind kind = Kind::kDead;
    uint32_t a = 0, b = 0, c = 0, d = 0;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    size_t operator()(const Key& key) const;
  };

  State Intern(const Key& key);
  Node MakeNode(const Key& key);
  State Step(const Key& key, uint8_t byte);
  State StepValue(uint32_t value, uint8_t byte);
  State StepKey(const Key& key, uint8_t byte);
  // The key after one more byte of space, whose state is in `d`; or kDead.
  State AfterSpace(Key key, uint8_t byte);

  const SchemaPlan& plan_;
  const bool compact_;
  ObjectProgress objects_;
  ArrayProgress arrays_;
  std::vector<Key> keys_;  // by state
  std::unordered_map<Key, State, KeyHash> states_;
  std::vector<std::unique_ptr<Node>> nodes_;                    // by state; null where not made yet
  std::vector<std::unique_ptr<std::array<State, 256>>> steps_;  // by state; UINT32_MAX: not known
  size_t tables_ = 0;                                           // states with a table of steps
  State start_ = kDead;
};

}  // namespace codellama
