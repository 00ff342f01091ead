// Follows an automaton over code points while a UTF-8 text is read byte by byte.
#pragma once

#include <cstdint>

#include "engine/regex/dfa.h"

namespace codellama {

// A position in a text.
struct CharacterPlace {
  uint32_t state = Dfa::kDead;  // state of the automaton before the current character
  uint32_t part = 0;            // the bytes read of the current character; 0 = none
};

// Restricts the automaton further: decides which states a character may lead to.
class StateFilter {
 public:
  virtual ~StateFilter() = default;
  virtual bool MayEnter(uint32_t state) const = 0;
};

// Reads characters from one state of the automaton. After each byte it checks whether the automaton
// allows any code point that the remaining bytes could still make. So a model never starts a
// character that it cannot finish.
class CharacterReader {
 public:
  // A null `filter` admits all states. Both objects must outlive the reader.
  CharacterReader(const Dfa& dfa, uint32_t state, const StateFilter* filter = nullptr)
      : dfa_(dfa), state_(state), filter_(filter) {}

  // The place after `byte`, where `part` is the part of the current place. Its state is Dfa::kDead
  // if no text of the set continues with this byte.
  CharacterPlace Read(uint32_t part, uint8_t byte) const;

 protected:
  // CharacterPlace::part: the upper 8 bits are a kind, which says how much of the character is
  // missing. The lower 24 bits are the bits of the code point that are known so far. Kinds below
  // kOwnKinds belong to this class.
  static constexpr uint32_t kOwnKinds = 8;
  static constexpr uint32_t Part(uint32_t kind, uint32_t value) { return kind << 24 | value; }
  static constexpr uint32_t KindOf(uint32_t part) { return part >> 24; }
  static constexpr uint32_t ValueOf(uint32_t part) { return part & 0xFFFFFF; }

  static CharacterPlace Dead() { return {}; }
  CharacterPlace At(uint32_t part) const { return {state_, part}; }

  // The place after a complete character.
  CharacterPlace After(uint32_t point) const;
  // Whether any character of the range is allowed, both ends included.
  bool Admits(uint32_t first, uint32_t last) const;

 private:
  CharacterPlace First(uint8_t byte) const;
  CharacterPlace Continue(uint32_t missing, uint32_t value, uint8_t byte) const;
  CharacterPlace Partial(uint32_t missing, uint32_t value) const;
  bool AdmitsScalar(uint32_t first, uint32_t last) const;
  uint32_t OnlyTarget(uint32_t first, uint32_t last) const;

  const Dfa& dfa_;
  const uint32_t state_;
  const StateFilter* filter_;
};

}  // namespace codellama
