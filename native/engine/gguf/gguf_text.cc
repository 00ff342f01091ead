#include "engine/gguf/gguf_text.h"

#include <cstddef>
#include <cstdint>

namespace codellama {
namespace {

constexpr size_t kLongestQuote = 64;

// Length in bytes of the first UTF-8 character. 0 = it is not well formed.
size_t CharacterLength(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xC2 && lead <= 0xDF   ? 2
                        : lead >= 0xE0 && lead <= 0xEF ? 3
                        : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                       : 0;
  if (length == 0 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const bool is_overlong = (lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xF0 && byte(1) < 0x90);
  const bool is_surrogate = lead == 0xED && byte(1) > 0x9F;
  const bool is_too_large = lead == 0xF4 && byte(1) > 0x8F;
  return is_overlong || is_surrogate || is_too_large ? 0 : length;
}

}  // namespace

bool IsPlainUtf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = CharacterLength(text);
    if (length == 0 || text.front() == '\0') return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string Quote(std::string_view text) {
  constexpr char kHexDigits[] = "0123456789abcdef";
  std::string quoted = "'";
  while (!text.empty()) {
    if (quoted.size() > kLongestQuote) {
      quoted += "...";
      break;
    }
    const uint8_t first = static_cast<uint8_t>(text.front());
    const size_t length = first < 0x20 || first == 0x7F ? 0 : CharacterLength(text);
    if (length > 0) {
      quoted += text.substr(0, length);
    } else {
      quoted += {'\\', 'x', kHexDigits[first >> 4], kHexDigits[first & 15]};
    }
    text.remove_prefix(length > 0 ? length : 1);
  }
  return quoted + "'";
}

}  // namespace codellama
