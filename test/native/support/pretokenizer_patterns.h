// Reads the regular expressions of llama.cpp's BPE pre-tokenizers from its source.
#pragma once

#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace codellama::test {

// The value of the C++ string literal at the start of `line`.
inline std::string Literal(std::string_view line) {
  std::string text;
  for (size_t i = 1; i < line.size() && line[i] != '"'; ++i) {
    if (line[i] != '\\') {
      text += line[i];
      continue;
    }
    const char escape = line[++i];
    text += escape == 'r' ? '\r' : escape == 'n' ? '\n' : escape == 't' ? '\t' : escape;
  }
  return text;
}

inline std::vector<std::vector<std::string>> PretokenizerPatterns() {
  std::ifstream source(LLAMA_VOCAB_SOURCE);
  std::vector<std::vector<std::string>> lists;
  bool is_inside = false;
  for (std::string line; std::getline(source, line);) {
    const size_t begin = line.find_first_not_of(' ');
    const std::string_view text =
        begin == std::string::npos ? std::string_view() : std::string_view(line).substr(begin);
    if (text.starts_with("regex_exprs = {")) {
      lists.emplace_back();
      is_inside = true;
    }
    if (text.starts_with("};")) is_inside = false;
    if (is_inside && text.starts_with('"')) lists.back().push_back(Literal(text));
  }
  return lists;
}

}  // namespace codellama::test
