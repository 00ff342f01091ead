// Makes text from a hostile file safe and short enough for an error message.
#pragma once

#include <string>
#include <string_view>

namespace codellama {

// Whether the text is well-formed UTF-8 without NUL characters.
bool IsPlainUtf8(std::string_view text);

// The text in single quotes. Control characters and broken UTF-8 become \xNN; long text is cut.
std::string Quote(std::string_view text);

}  // namespace codellama
