// Text from a file that may be hostile, made safe and short for an error message.
#pragma once

#include <string>
#include <string_view>

namespace codellama {

// Is this whole, well-formed UTF-8 without NUL characters?
bool IsPlainUtf8(std::string_view text);

// The text in single quotes: control characters and broken UTF-8 as \xNN, long text cut short.
std::string Quote(std::string_view text);

}  // namespace codellama
