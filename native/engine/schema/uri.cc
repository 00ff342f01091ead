#include "engine/schema/uri.h"

#include <vector>

namespace codellama {

namespace {

// The parts of a URI reference. Joined in this order they give the reference again.
struct Uri {
  std::string scheme;     // with the colon; "" = absent
  std::string authority;  // with the slashes; "" = absent
  std::string path;
  std::string query;     // with the question mark; "" = absent
  std::string fragment;  // with the hash; "" = absent
};

// Splits a reference into its parts (RFC 3986, appendix B).
Uri Split(std::string_view text) {
  Uri uri;
  const size_t hash = text.find('#');
  if (hash != std::string_view::npos) {
    uri.fragment = text.substr(hash);
    text = text.substr(0, hash);
  }
  const size_t question = text.find('?');
  if (question != std::string_view::npos) {
    uri.query = text.substr(question);
    text = text.substr(0, question);
  }
  const size_t colon = text.find_first_of(":/");
  if (colon != std::string_view::npos && colon > 0 && text[colon] == ':') {
    uri.scheme = text.substr(0, colon + 1);
    text = text.substr(colon + 1);
  }
  if (text.starts_with("//")) {
    const size_t end = std::min(text.find('/', 2), text.size());
    uri.authority = text.substr(0, end);
    text = text.substr(end);
  }
  uri.path = text;
  return uri;
}

std::string Join(const Uri& uri) {
  return uri.scheme + uri.authority + uri.path + uri.query + uri.fragment;
}

// Removes the segments `.` and `..` (RFC 3986, section 5.2.4).
std::string WithoutDots(const std::string& path) {
  std::vector<std::string> parts;
  const bool absolute = path.starts_with('/');
  size_t start = absolute ? 1 : 0;
  bool ends_in_folder = false;
  while (start <= path.size()) {
    const size_t end = std::min(path.find('/', start), path.size());
    const std::string part = path.substr(start, end - start);
    ends_in_folder = part == "." || part == "..";
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else if (part != ".") {
      parts.push_back(part);
    }
    start = end + 1;
  }
  if (ends_in_folder) parts.emplace_back();
  std::string result = absolute ? "/" : "";
  for (size_t i = 0; i < parts.size(); i++) result += (i > 0 ? "/" : "") + parts[i];
  return result;
}

}  // namespace

std::string ResolveUri(const std::string& base, const std::string& reference) {
  Uri target = Split(reference);
  if (!target.scheme.empty()) return reference;
  const Uri from = Split(base);
  target.scheme = from.scheme;
  if (!target.authority.empty()) return Join(target);
  target.authority = from.authority;
  if (target.path.empty()) {
    target.path = from.path;
    if (target.query.empty()) target.query = from.query;
    return Join(target);
  }
  if (!target.path.starts_with('/')) {
    const size_t slash = from.path.rfind('/');
    const std::string folder = slash != std::string::npos ? from.path.substr(0, slash + 1)
                               : from.authority.empty()   ? ""
                                                          : "/";
    target.path = folder + target.path;
  }
  target.path = WithoutDots(target.path);
  return Join(target);
}

std::string DecodePercent(std::string_view text) {
  std::string result;
  const auto digit = [](char character) {
    const size_t place = std::string_view("0123456789abcdefABCDEF").find(character);
    return place == std::string_view::npos ? -1 : static_cast<int>(place < 16 ? place : place - 6);
  };
  for (size_t i = 0; i < text.size(); i++) {
    const int high = text[i] == '%' && i + 2 < text.size() ? digit(text[i + 1]) : -1;
    const int low = high >= 0 ? digit(text[i + 2]) : -1;
    if (low < 0) {
      result.push_back(text[i]);
    } else {
      result.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    }
  }
  return result;
}

}  // namespace codellama
