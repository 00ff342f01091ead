// Compares our word splitter with llama.cpp's original code, which uses std::regex, for all
// pre-tokenizers of llama.cpp.
#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <regex>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "support/check.h"
#include "support/pretokenizer_patterns.h"
#include "tokenization/split_words.h"
#include "unicode-data.h"
#include "unicode.h"

namespace original {
#include "unicode.cpp"
}  // namespace original

namespace codellama::test {
namespace {

// Texts of every class that the patterns distinguish.
constexpr const char* kUnits[] = {"a",
                                  "b",
                                  "z",
                                  "A",
                                  "Z",
                                  "Q",
                                  "s",
                                  "t",
                                  "'",
                                  "'s",
                                  "'LL",
                                  "'re",
                                  "0",
                                  "1",
                                  "9",
                                  "1234",
                                  " ",
                                  "  ",
                                  "\n",
                                  "\r",
                                  "\r\n",
                                  "\t",
                                  "\v",
                                  ".",
                                  ",",
                                  "!",
                                  "?",
                                  "(",
                                  ")",
                                  "[",
                                  "]",
                                  "{",
                                  "}",
                                  "\\",
                                  "/",
                                  "|",
                                  "$",
                                  "+",
                                  "<",
                                  "=",
                                  ">",
                                  "^",
                                  "~",
                                  "`",
                                  "_",
                                  "-",
                                  "@",
                                  "#",
                                  "%",
                                  "&",
                                  "*",
                                  ":",
                                  ";",
                                  "\"",
                                  "é",
                                  "Ä",
                                  "ß",
                                  "ǅ",
                                  "ʰ",
                                  "ж",
                                  "Ж",
                                  "λ",
                                  "Ω",
                                  "ا",
                                  "ع",
                                  "،",
                                  "।",
                                  "۔",
                                  "א",
                                  "ह",
                                  "ि",
                                  "\u0301",
                                  "\u0300",
                                  "\u20DD",
                                  "漢",
                                  "字",
                                  "々",
                                  "ひ",
                                  "カ",
                                  "ー",
                                  "ｶ",
                                  "한",
                                  "ㄱ",
                                  "ㄅ",
                                  "ไ",
                                  "ທ",
                                  "ក",
                                  "၀",
                                  "、",
                                  "。",
                                  "！",
                                  "～",
                                  "…",
                                  "“",
                                  "—",
                                  "½",
                                  "Ⅷ",
                                  "٣",
                                  "³",
                                  "€",
                                  "∑",
                                  "🚀",
                                  "👨‍👩‍👧",
                                  "\u200D",
                                  "\u00A0",
                                  "\u0085",
                                  "\u3000",
                                  "\u2028",
                                  "\uFFFD",
                                  "\uE000",
                                  "𐐀",
                                  "𝒜",
                                  "\x7F",
                                  "\x01",
                                  "IMGIMGABZ",
                                  "<sentinel:12>"};

std::string RandomText(std::mt19937& random, size_t length) {
  std::string text;
  while (length > 0) {
    const std::string unit = kUnits[random() % std::size(kUnits)];
    const size_t run = random() % 8 == 0 ? 1 + random() % 40 : 1;
    for (size_t i = 0; i < std::min(run, length); ++i) text += unit;
    length -= std::min(run, length);
  }
  return text;
}

std::vector<std::string> WithoutEmpty(std::vector<std::string> words) {
  std::erase(words, "");
  return words;
}

TEST(pretokenizer_patterns_are_found_in_the_source) {
  size_t patterns = 0;
  for (const auto& list : PretokenizerPatterns()) patterns += list.size();
  CHECK(PretokenizerPatterns().size() >= 35);
  CHECK(patterns >= 60);
}

TEST(pretokenizer_returns_no_words_for_an_empty_text) {
  for (const auto& patterns : PretokenizerPatterns()) {
    CHECK_EQ(unicode_regex_split("", patterns, false), std::vector<std::string>());
  }
}

TEST(pretokenizer_agrees_with_std_regex) {
  std::mt19937 random(1);
  std::vector<std::string> texts = {" ", "\n", "a", "don't   stop\n\n  1234567 "};
  for (size_t i = 0; i < 5; ++i) texts.push_back(RandomText(random, 2500));
  for (const auto& patterns : PretokenizerPatterns()) {
    for (const std::string& text : texts) {
      CHECK_EQ(unicode_regex_split(text, patterns, false),
               WithoutEmpty(original::unicode_regex_split(text, patterns, false)));
    }
  }
}

TEST(pretokenizer_splits_long_runs_without_recursion_in_linear_time) {
  constexpr size_t kLength = 150'000;
  for (const std::string unit :
       {"a", "A", "aB", " ", "\n", " \n", "!", "1", "漢", "\u0301", "a "}) {
    std::string text;
    while (text.size() < kLength) text += unit;
    // The unit after the run makes every match of the run fail at its end.
    for (const std::string& end : {std::string(), std::string("\x01")}) {
      for (const auto& patterns : PretokenizerPatterns()) {
        std::string joined;
        for (const std::string& word : unicode_regex_split(text + end, patterns, false)) {
          joined += word;
        }
        CHECK(joined == text + end);
      }
    }
  }
}

TEST(pretokenizer_refuses_unknown_syntax) {
  for (const std::string pattern :
       {"a*?", "(?<=a)b", "a.", "(a", "a)", "[a", "\\w", "(a?)*", "^a"}) {
    bool is_refused = false;
    try {
      SplitWords("text", pattern, {4});
    } catch (const std::runtime_error&) {
      is_refused = true;
    }
    CHECK(is_refused);
  }
}

}  // namespace
}  // namespace codellama::test
