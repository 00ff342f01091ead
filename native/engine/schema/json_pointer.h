// Parts of JSON pointers (RFC 6901). A pointer is a sequence of parts, each after a slash.
#pragma once

#include <string>
#include <string_view>

namespace codellama {

// Escapes a name for a JSON pointer.
std::string EscapePointerPart(std::string_view name);

// Removes the first part from a pointer that is not empty, and returns the name that it stands for.
std::string TakePointerPart(std::string_view* pointer);

}  // namespace codellama
