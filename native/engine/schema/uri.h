// Resolves URI references (RFC 3986, section 5), for `$id` and `$ref`.
#pragma once

#include <string>
#include <string_view>

namespace codellama {

// The absolute URI of `reference`, which may be relative to the absolute URI `base`.
std::string ResolveUri(const std::string& base, const std::string& reference);

// The text with its %XX escapes decoded. An invalid escape stays as it is.
std::string DecodePercent(std::string_view text);

}  // namespace codellama
