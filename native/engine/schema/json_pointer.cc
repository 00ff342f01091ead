#include "engine/schema/json_pointer.h"

#include <algorithm>

namespace codellama {

namespace {

std::string Unescaped(std::string_view part) {
  std::string result;
  for (size_t i = 0; i < part.size(); i++) {
    const bool escape = part[i] == '~' && i + 1 < part.size();
    if (escape && (part[i + 1] == '0' || part[i + 1] == '1')) {
      result.push_back(part[++i] == '0' ? '~' : '/');
    } else {
      result.push_back(part[i]);
    }
  }
  return result;
}

}  // namespace

std::string EscapePointerPart(std::string_view name) {
  std::string result;
  for (const char character : name) {
    if (character == '~') {
      result += "~0";
    } else if (character == '/') {
      result += "~1";
    } else {
      result.push_back(character);
    }
  }
  return result;
}

std::string TakePointerPart(std::string_view* pointer) {
  pointer->remove_prefix(1);
  const size_t end = std::min(pointer->find('/'), pointer->size());
  const std::string part = Unescaped(pointer->substr(0, end));
  pointer->remove_prefix(end);
  return part;
}

}  // namespace codellama
