#include "engine/regex/character_reader.h"

#include <algorithm>

namespace codellama {

namespace {

enum Kind : uint32_t {
  kBetween = 0,  // between two characters
  // 1 to 3: the number of UTF-8 bytes that are missing.
  kRest = 3,  // kinds 4 to 6: 1 to 3 UTF-8 bytes are missing, and their values do not matter. The
              // state is already the one after the character.
};

// Smallest code point of a UTF-8 character, by the number of bytes after the first.
constexpr uint32_t kShortest[] = {0, 0x80, 0x800, 0x10000};

}  // namespace

CharacterPlace CharacterReader::Read(uint32_t part, uint8_t byte) const {
  const uint32_t kind = KindOf(part);
  if (kind == kBetween) return First(byte);
  if (kind <= kRest) return Continue(kind, ValueOf(part), byte);
  if ((byte & 0xC0) != 0x80) return Dead();
  return kind == kRest + 1 ? At(0) : At(Part(kind - 1, 0));
}

CharacterPlace CharacterReader::After(uint32_t point) const {
  const uint32_t next = dfa_.Next(state_, point);
  if (next == Dfa::kDead || (filter_ != nullptr && !filter_->MayEnter(next))) return Dead();
  return {next, 0};
}

bool CharacterReader::Admits(uint32_t first, uint32_t last) const {
  if (first > last) return false;
  if (filter_ == nullptr) return dfa_.HasEdge(state_, first, last);
  const auto& edges = dfa_.states[state_].edges;
  return std::any_of(edges.begin(), edges.end(), [&](const DfaEdge& edge) {
    return edge.first <= last && first <= edge.last && filter_->MayEnter(edge.to);
  });
}

// Whether any character of the range is allowed, ignoring surrogates.
bool CharacterReader::AdmitsScalar(uint32_t first, uint32_t last) const {
  return Admits(first, std::min(last, 0xD7FFU)) ||
         Admits(std::max(first, 0xE000U), std::min(last, kLastScalar));
}

// The first byte of a character.
CharacterPlace CharacterReader::First(uint8_t byte) const {
  if (byte < 0x80) return After(byte);
  if (byte < 0xC2 || byte > 0xF4) return Dead();
  const uint32_t missing = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
  return Partial(missing, byte & (0x3FU >> missing));
}

// A further byte of a UTF-8 character.
CharacterPlace CharacterReader::Continue(uint32_t missing, uint32_t value, uint8_t byte) const {
  if ((byte & 0xC0) != 0x80) return Dead();
  value = value << 6 | (byte & 0x3FU);
  // The code point fits into fewer bytes, so this form is not valid UTF-8.
  if ((missing == 3 && value < 0x10) || (missing == 2 && value < 0x20)) return Dead();
  return missing > 1 ? Partial(missing - 1, value) : After(value);
}

// The place inside a UTF-8 character whose last `missing` bytes are not read yet.
CharacterPlace CharacterReader::Partial(uint32_t missing, uint32_t value) const {
  const uint32_t bits = 6 * missing;
  // After the first byte, the range must exclude code points that fit into fewer bytes.
  const bool is_first = value < (0x40U >> missing);
  const uint32_t first = std::max(value << bits, is_first ? kShortest[missing] : 0);
  const uint32_t last = (value << bits) | ((1U << bits) - 1);
  const bool all_bytes =
      first == value << bits && last <= kLastScalar && (last < 0xD800 || first > 0xDFFF);
  if (all_bytes) {
    // If all these characters lead to the same state, the missing bytes do not matter, and one
    // place serves for all characters. This keeps the number of states small.
    const uint32_t next = OnlyTarget(first, last);
    if (next != Dfa::kDead) return {next, Part(kRest + missing, 0)};
  }
  if (!AdmitsScalar(first, last)) return Dead();
  return At(Part(missing, value));
}

// The common state after all characters of the range. kDead = there is no common state.
uint32_t CharacterReader::OnlyTarget(uint32_t first, uint32_t last) const {
  const auto& edges = dfa_.states[state_].edges;
  const auto edge =
      std::lower_bound(edges.begin(), edges.end(), first,
                       [](const DfaEdge& each, uint32_t point) { return each.last < point; });
  const bool covers = edge != edges.end() && edge->first <= first && last <= edge->last;
  const bool wanted = covers && (filter_ == nullptr || filter_->MayEnter(edge->to));
  return wanted ? edge->to : Dfa::kDead;
}

}  // namespace codellama
