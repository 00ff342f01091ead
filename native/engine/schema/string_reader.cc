#include "engine/schema/string_reader.h"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace codellama {

namespace {

// Kinds of CharacterPlace::part inside an escape.
enum Kind : uint32_t {
  kEscape = 8,      // after a backslash
  kHex = 9,         // kinds 9 to 12: after \u and 0 to 3 digits
  kLowEscape = 13,  // after the escape of a high surrogate; a backslash must follow
  kLowLetter = 14,  // after the backslash of the low surrogate; the letter u must follow
  kLowHex = 15,     // kinds 15 to 18: after \u and 0 to 3 digits of the low surrogate
};

// Reads one byte of a string, from a given state of the automaton.
class Reader : public CharacterReader {
 public:
  static_assert(kEscape == kOwnKinds);
  using CharacterReader::CharacterReader;

  StringPlace Read(uint32_t part, uint8_t byte) const {
    const uint32_t kind = KindOf(part);
    const uint32_t value = ValueOf(part);
    if (part == 0 && byte == '\\') {
      return AdmitsEscaped(0, kLastScalar) ? At(Part(kEscape, 0)) : Dead();
    }
    if (part == 0 && (byte < 0x20 || byte == '"')) return Dead();
    if (kind < kOwnKinds) return CharacterReader::Read(part, byte);
    if (kind == kEscape) return Escape(byte);
    if (kind < kLowEscape) return Hex(kind - kHex, value, byte);
    if (kind == kLowEscape) return byte == '\\' ? At(Part(kLowLetter, value)) : Dead();
    if (kind == kLowLetter) return byte == 'u' ? At(Part(kLowHex, value)) : Dead();
    return LowHex(kind - kLowHex, value, byte);
  }

 private:
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

  // Characters that may be written as \u escapes. Letters and digits may not: a model would use
  // such escapes only to get around the schema. HTML's special characters are often escaped.
  static constexpr uint32_t kEscaped[][2] = {{0, 0x1F},    {'"', '"'},     {'&', '\''},
                                             {'/', '/'},   {'<', '<'},     {'>', '>'},
                                             {'\\', '\\'}, {0x7F, 0xD7FF}, {0xE000, kLastScalar}};
};

}  // namespace

StringPlace ReadStringByte(const Dfa& dfa, StringPlace place, uint8_t byte,
                           const StateFilter* filter) {
  return Reader(dfa, place.state, filter).Read(place.part, byte);
}

}  // namespace codellama
