// Resolves URI references, as RFC 3986 section 5 has it.
#pragma once

#include <string>
#include <string_view>

namespace codellama {

std::string ResolveUri(const std::string& base, const std::string& reference);

// The text with %XX escapes decoded.
std::string DecodePercent(std::string_view text);

}  // namespace codellama
