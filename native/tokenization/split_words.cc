#include "split_words.h"

#include <cstdint>
#include <string_view>
#include <type_traits>

#include "interruption.h"
#include "pattern.h"
#include "pattern_matcher.h"

namespace codellama {
namespace {

template <typename Char>
void SplitWord(const Pattern& pattern, std::basic_string_view<Char> word,
               std::vector<size_t>* lengths) {
  PatternMatcher<Char> matcher(pattern, word);
  const auto size = static_cast<uint32_t>(word.size());
  uint32_t begin = 0;  // end of the last match
  for (uint32_t start = 0; start < size;) {
    ThrowIfInterrupted();
    const uint32_t end = matcher.Match(start);
    if (end == PatternMatcher<Char>::kNone) {
      ++start;
      continue;
    }
    if (start > begin) lengths->push_back(start - begin);
    if (end > start) lengths->push_back(end - start);
    begin = end;
    // A match without any unit comes from a lookahead.
    start = end > start ? end : start + 1;
  }
  if (begin < size) lengths->push_back(size - begin);
}

template <typename Char>
std::vector<size_t> Split(const std::basic_string<Char>& text,
                          const std::basic_string<Char>& pattern_text,
                          const std::vector<size_t>& lengths) {
  // unicode.cpp handles names such as \p{Han} itself and passes an empty text.
  if (text.empty()) return {};
  std::u32string units;
  for (const Char unit : pattern_text) units += static_cast<std::make_unsigned_t<Char>>(unit);
  const Pattern pattern = CompilePattern(units);
  std::vector<size_t> words;
  words.reserve(lengths.size());
  std::basic_string_view<Char> rest(text);
  for (const size_t length : lengths) {
    SplitWord(pattern, rest.substr(0, length), &words);
    rest.remove_prefix(length);
  }
  return words;
}

}  // namespace

std::vector<size_t> SplitWords(const std::string& text, const std::string& pattern,
                               const std::vector<size_t>& lengths) {
  return Split(text, pattern, lengths);
}

std::vector<size_t> SplitWords(const std::wstring& text, const std::wstring& pattern,
                               const std::vector<size_t>& lengths) {
  return Split(text, pattern, lengths);
}

}  // namespace codellama
