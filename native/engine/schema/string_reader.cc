#include "engine/schema/string_reader.h"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace codellama {

namespace {

// StringPlace::part describes the bytes read of the current character. The upper 8 bits are a kind,
// which says how the character is written and how much of it is missing. The lower 24 bits are the
// bits of the code point that are known so far.
//
// The reader checks after each byte whether the automaton allows any code point that the remaining
// bytes could still make. So a model never starts a character that it cannot finish.
enum Kind : uint32_t {
  kBetween = 0,  // between two characters
  // 1 to 3: the number of UTF-8 bytes that are missing.
  kEscape = 4,      // after a backslash
  kHex = 5,         // kinds 5 to 8: after \u and 0 to 3 digits
  kLowEscape = 9,   // after the escape of a high surrogate; a backslash must follow
  kLowLetter = 10,  // after the backslash of the low surrogate; the letter u must follow
  kLowHex = 11,     // kinds 11 to 14: after \u and 0 to 3 digits of the low surrogate
  kRest = 15,  // kinds 16 to 18: 1 to 3 UTF-8 bytes are missing, and their values do not matter.
               // The state is already the one after the character.
};
constexpr uint32_t kKindShift = 24;

uint32_t Part(uint32_t kind, uint32_t value) { return kind << kKindShift | value; }

// Reads one byte, from a given state of the automaton.
class Reader {
 public:
  Reader(const Dfa& dfa, uint32_t state, const StateFilter* filter)
      : dfa_(dfa), state_(state), filter_(filter) {}

  StringPlace Read(uint32_t part, uint8_t byte) const {
    const uint32_t kind = part >> kKindShift;
    const uint32_t value = part & ((1U << kKindShift) - 1);
    if (kind == kBetween) return First(byte);
    if (kind < kEscape) return Continue(kind, value, byte);
    if (kind == kEscape) return Escape(byte);
    if (kind < kLowEscape) return Hex(kind - kHex, value, byte);
    if (kind == kLowEscape) return byte == '\\' ? At(Part(kLowLetter, value)) : Dead();
    if (kind == kLowLetter) return byte == 'u' ? At(Part(kLowHex, value)) : Dead();
    if (kind < kRest) return LowHex(kind - kLowHex, value, byte);
    if ((byte & 0xC0) != 0x80) return Dead();
    return kind == kRest + 1 ? At(0) : At(Part(kind - 1, 0));
  }

 private:
  static StringPlace Dead() { return {}; }
  StringPlace At(uint32_t part) const { return {state_, part}; }

  // The place after a complete character.
  StringPlace After(uint32_t point) const {
    const uint32_t next = dfa_.Next(state_, point);
    if (next == Dfa::kDead || (filter_ != nullptr && !filter_->MayEnter(next))) return Dead();
    return {next, 0};
  }

  // Whether any character of the range is allowed.
  bool Admits(uint32_t first, uint32_t last) const {
    if (first > last) return false;
    if (filter_ == nullptr) return dfa_.HasEdge(state_, first, last);
    const auto& edges = dfa_.states[state_].edges;
    return std::any_of(edges.begin(), edges.end(), [&](const DfaEdge& edge) {
      return edge.first <= last && first <= edge.last && filter_->MayEnter(edge.to);
    });
  }

  // Whether any character of the range is allowed, ignoring surrogates.
  bool AdmitsScalar(uint32_t first, uint32_t last) const {
    return Admits(first, std::min(last, 0xD7FFU)) ||
           Admits(std::max(first, 0xE000U), std::min(last, kLastScalar));
  }

  // Whether any character of the range is allowed and may be written as an escape.
  bool AdmitsEscaped(uint32_t first, uint32_t last) const {
    return std::any_of(std::begin(kEscaped), std::end(kEscaped), [&](const auto& range) {
      return Admits(std::max(first, range[0]), std::min(last, range[1]));
    });
  }

  static bool IsEscaped(uint32_t point) {
    return std::any_of(std::begin(kEscaped), std::end(kEscaped), [point](const auto& range) {
      return range[0] <= point && point <= range[1];
    });
  }

  // The first byte of a character.
  StringPlace First(uint8_t byte) const {
    if (byte == '\\') return AdmitsEscaped(0, kLastScalar) ? At(Part(kEscape, 0)) : Dead();
    if (byte < 0x20 || byte == '"') return Dead();
    if (byte < 0x80) return After(byte);
    if (byte < 0xC2 || byte > 0xF4) return Dead();
    const uint32_t missing = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
    return Partial(missing, byte & (0x3FU >> missing));
  }

  // A further byte of a UTF-8 character.
  StringPlace Continue(uint32_t missing, uint32_t value, uint8_t byte) const {
    if ((byte & 0xC0) != 0x80) return Dead();
    value = value << 6 | (byte & 0x3FU);
    // The code point fits into fewer bytes, so this form is not valid UTF-8.
    if ((missing == 3 && value < 0x10) || (missing == 2 && value < 0x20)) return Dead();
    return missing > 1 ? Partial(missing - 1, value) : After(value);
  }

  // The place inside a UTF-8 character whose last `missing` bytes are not read yet.
  StringPlace Partial(uint32_t missing, uint32_t value) const {
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
  uint32_t OnlyTarget(uint32_t first, uint32_t last) const {
    const auto& edges = dfa_.states[state_].edges;
    const auto edge =
        std::lower_bound(edges.begin(), edges.end(), first,
                         [](const DfaEdge& each, uint32_t point) { return each.last < point; });
    const bool covers = edge != edges.end() && edge->first <= first && last <= edge->last;
    const bool wanted = covers && (filter_ == nullptr || filter_->MayEnter(edge->to));
    return wanted ? edge->to : Dfa::kDead;
  }

  // The byte after a backslash.
  StringPlace Escape(uint8_t byte) const {
    constexpr std::string_view kLetters = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    const size_t letter = kLetters.find(static_cast<char>(byte));
    if (letter != std::string_view::npos) return After(static_cast<uint8_t>(kMeanings[letter]));
    return byte == 'u' ? At(Part(kHex, 0)) : Dead();
  }

  // The value of a hexadecimal digit, or 16 for another byte.
  static uint32_t Digit(uint8_t byte) {
    if (byte >= '0' && byte <= '9') return byte - '0';
    if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10U;
    if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10U;
    return 16;
  }

  // A hexadecimal digit of an escape, after `digits` digits with the value `value`.
  StringPlace Hex(uint32_t digits, uint32_t value, uint8_t byte) const {
    const uint32_t digit = Digit(byte);
    if (digit > 15) return Dead();
    value = value << 4 | digit;
    const uint32_t bits = 4 * (3 - digits);
    const uint32_t first = value << bits;
    const uint32_t last = first | ((1U << bits) - 1);
    if (bits == 0) {
      if (IsEscaped(value)) return After(value);
      if (value > 0xDBFF) return Dead();
    }
    const uint32_t high_first = std::max(first, 0xD800U);
    const uint32_t high_last = std::min(last, 0xDBFFU);
    const bool pair =
        high_first <= high_last && Admits(0x10000 + ((high_first - 0xD800) << 10),
                                          0x10000 + ((high_last - 0xD800) << 10) + 0x3FF);
    if (!pair && !AdmitsEscaped(first, last)) return Dead();
    return At(bits == 0 ? Part(kLowEscape, value - 0xD800) : Part(kHex + digits + 1, value));
  }

  // A hexadecimal digit of the low surrogate, after `digits` digits. `value` holds the ten bits of
  // the high surrogate, followed by those digits.
  StringPlace LowHex(uint32_t digits, uint32_t value, uint8_t byte) const {
    const uint32_t digit = Digit(byte);
    const uint32_t high = value >> (4 * digits);
    const uint32_t low = (value & ((1U << (4 * digits)) - 1)) << 4 | digit;
    const uint32_t bits = 4 * (3 - digits);
    const uint32_t first = std::max(low << bits, 0xDC00U);
    const uint32_t last = std::min((low << bits) | ((1U << bits) - 1), 0xDFFFU);
    if (digit > 15 || first > last) return Dead();
    const auto point = [&](uint32_t each) { return 0x10000 + (high << 10) + (each - 0xDC00); };
    if (bits == 0) return After(point(low));
    if (!Admits(point(first), point(last))) return Dead();
    return At(Part(kLowHex + digits + 1, high << (4 * (digits + 1)) | low));
  }

  // Smallest code point of a UTF-8 character, by the number of bytes after the first.
  static constexpr uint32_t kShortest[] = {0, 0x80, 0x800, 0x10000};

  // Characters that may be written as \u escapes. Letters and digits may not: a model would use
  // such escapes only to get around the schema. HTML's special characters are often escaped.
  static constexpr uint32_t kEscaped[][2] = {{0, 0x1F},    {'"', '"'},     {'&', '\''},
                                             {'/', '/'},   {'<', '<'},     {'>', '>'},
                                             {'\\', '\\'}, {0x7F, 0xD7FF}, {0xE000, kLastScalar}};

  const Dfa& dfa_;
  const uint32_t state_;
  const StateFilter* filter_;
};

}  // namespace

StringPlace ReadStringByte(const Dfa& dfa, StringPlace place, uint8_t byte,
                           const StateFilter* filter) {
  return Reader(dfa, place.state, filter).Read(place.part, byte);
}

}  // namespace codellama
