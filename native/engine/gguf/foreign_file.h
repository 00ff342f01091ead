// Advice for users who load a file of another format, or a path where no file is.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace codellama {

// Number of bytes from the start of a file that DescribeForeignFile looks at.
constexpr size_t kForeignFileHead = 64;

// Describes the format of a file without GGUF's magic, and how to get a GGUF file. `head` holds the
// first bytes of the file.
std::string DescribeForeignFile(std::string_view head);

// Text to append to "there is no such file": a likely reason, or the folder of a relative path.
// Empty when there is nothing to add.
std::string AdviseOnMissingFile(const std::string& path);

}  // namespace codellama
