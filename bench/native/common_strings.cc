// The functions of llama.cpp's common.cpp that its converter of JSON schemas calls.
#include "common.h"

std::string string_join(const std::vector<std::string>& values, const std::string& separator) {
  std::string joined;
  for (size_t i = 0; i < values.size(); i++) joined += (i == 0 ? "" : separator) + values[i];
  return joined;
}

std::vector<std::string> string_split(const std::string& text, const std::string& delimiter) {
  std::vector<std::string> parts;
  size_t start = 0;
  for (size_t end; (end = text.find(delimiter, start)) != std::string::npos;) {
    parts.push_back(text.substr(start, end - start));
    start = end + delimiter.size();
  }
  parts.push_back(text.substr(start));
  return parts;
}

std::string string_repeat(const std::string& text, size_t count) {
  std::string repeated;
  for (size_t i = 0; i < count; i++) repeated += text;
  return repeated;
}
