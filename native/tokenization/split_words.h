// Splits text into words by a pattern. llama.cpp's patched unicode.cpp calls it instead of
// std::regex.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace codellama {

// Splits words further. `lengths` holds the lengths of the words of `text`. Returns the lengths of
// the new words: each match of the pattern is a word, and so is the text between two matches. Text
// and pattern are both bytes or both code points.
std::vector<size_t> SplitWords(const std::string& text, const std::string& pattern,
                               const std::vector<size_t>& lengths);
std::vector<size_t> SplitWords(const std::wstring& text, const std::wstring& pattern,
                               const std::vector<size_t>& lengths);

}  // namespace codellama
