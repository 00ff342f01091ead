// Cuts text into words by a pattern. unicode.cpp of llama.cpp calls this in place of std::regex.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace codellama {

// `lengths` are those of the words so far; returns those of the words after this pattern: each
// match and each rest between matches. Text and pattern are bytes, or both are code points.
std::vector<size_t> SplitWords(const std::string& text, const std::string& pattern,
                               const std::vector<size_t>& lengths);
std::vector<size_t> SplitWords(const std::wstring& text, const std::wstring& pattern,
                               const std::vector<size_t>& lengths);

}  // namespace codellama
