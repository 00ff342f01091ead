// Advice for people who load something else than a GGUF file, or a path without a file.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace codellama {

// Bytes at a file's beginning that DescribeForeignFile needs.
constexpr size_t kForeignFileHead = 64;

// Says what a file without GGUF's magic is, from its first bytes, and how to get a GGUF file
// instead.
std::string DescribeForeignFile(std::string_view head);

// What to append to "there is no such file": a likely reason, or the folder of a relative path.
std::string AdviseOnMissingFile(const std::string& path);

}  // namespace codellama
