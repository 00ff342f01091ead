#include "engine/schema/json_value.h"

#include <unordered_map>
#include <utility>

#include "engine/base/error.h"
#include "engine/regex/code_points.h"

namespace codellama {

namespace {

using Kind = JsonValue::Kind;

bool IsDigit(char character) { return character >= '0' && character <= '9'; }

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  JsonValue Parse() {
    JsonValue value = Value();
    SkipSpace();
    if (at_ < text_.size()) Refuse("unexpected text after the value");
    return value;
  }

 private:
  [[noreturn]] void Refuse(const std::string& what) const {
    throw Error(ErrorCode::kInvalidGrammar,
                "not JSON: " + what + " at byte " + std::to_string(at_));
  }

  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool Take(std::string_view expected) {
    if (!text_.substr(at_).starts_with(expected)) return false;
    at_ += expected.size();
    return true;
  }

  void SkipSpace() {
    while (Peek() == ' ' || Peek() == '\n' || Peek() == '\r' || Peek() == '\t') at_++;
  }

  JsonValue Value() {
    SkipSpace();
    JsonValue value;
    if (Take("null")) return value;
    if (Peek() == '"') {
      value.kind = Kind::kString;
      value.text = String();
    } else if (Peek() == '[' || Peek() == '{') {
      if (++depth_ > kMaxJsonNesting) {
        Refuse("it nests deeper than " + std::to_string(kMaxJsonNesting) + " levels");
      }
      if (Peek() == '[') {
        Array(&value);
      } else {
        Object(&value);
      }
      depth_--;
    } else if (Peek() == '-' || IsDigit(Peek())) {
      value.kind = Kind::kNumber;
      value.text = Number();
    } else {
      value.kind = Kind::kBoolean;
      value.boolean = Take("true");
      if (!value.boolean && !Take("false")) Refuse("expected a value");
    }
    return value;
  }

  void Array(JsonValue* value) {
    value->kind = Kind::kArray;
    at_++;
    SkipSpace();
    if (Take("]")) return;
    do {
      value->items.push_back(Value());
      SkipSpace();
    } while (Take(","));
    if (!Take("]")) Refuse("expected , or ]");
  }

  void Object(JsonValue* value) {
    value->kind = Kind::kObject;
    std::unordered_map<std::string, size_t> places;
    at_++;
    SkipSpace();
    if (Take("}")) return;
    do {
      SkipSpace();
      if (Peek() != '"') Refuse("expected a name in quotes");
      std::string name = String();
      SkipSpace();
      if (!Take(":")) Refuse("expected :");
      JsonValue member = Value();
      const auto [place, added] = places.try_emplace(name, value->members.size());
      if (added) {
        value->members.push_back({std::move(name), std::move(member)});
      } else {
        value->members[place->second].value = std::move(member);
      }
      SkipSpace();
    } while (Take(","));
    if (!Take("}")) Refuse("expected , or }");
  }

  std::string Number() {
    const size_t start = at_;
    Take("-");
    if (!Take("0")) Digits();
    if (Take(".")) Digits();
    if (Take("e") || Take("E")) {
      if (!Take("+")) Take("-");
      Digits();
    }
    return std::string(text_.substr(start, at_ - start));
  }

  void Digits() {
    if (!IsDigit(Peek())) Refuse("expected a digit");
    while (IsDigit(Peek())) at_++;
  }

  std::string String() {
    std::string result;
    at_++;
    while (!Take("\"")) {
      if (at_ >= text_.size() || static_cast<uint8_t>(Peek()) < 0x20) Refuse("unterminated string");
      if (Take("\\")) {
        Escape(&result);
      } else {
        result.push_back(text_[at_++]);
      }
    }
    return result;
  }

  void Escape(std::string* result) {
    constexpr std::string_view kLetters = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    const size_t letter = kLetters.find(Peek());
    if (at_ < text_.size() && letter != std::string_view::npos) {
      at_++;
      result->push_back(kMeanings[letter]);
      return;
    }
    if (!Take("u")) Refuse("unknown escape sequence");
    uint32_t point = Hex();
    if (point >= 0xD800 && point <= 0xDBFF && text_.substr(at_).starts_with("\\u")) {
      const size_t before = at_;
      at_ += 2;
      const uint32_t low = Hex();
      if (low >= 0xDC00 && low <= 0xDFFF) {
        point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
      } else {
        at_ = before;
      }
    }
    AppendCodePoint(point, result);
  }

  uint32_t Hex() {
    uint32_t value = 0;
    for (int i = 0; i < 4; i++, at_++) {
      const size_t digit = std::string_view("0123456789abcdefABCDEF").find(Peek());
      if (at_ >= text_.size() || digit == std::string_view::npos)
        Refuse("expected four hexadecimal digits");
      value = value * 16 + static_cast<uint32_t>(digit < 16 ? digit : digit - 6);
    }
    return value;
  }

  std::string_view text_;
  size_t at_ = 0;
  size_t depth_ = 0;
};

}  // namespace

const JsonValue* JsonValue::Find(std::string_view name) const {
  for (const auto& [each, value] : members) {
    if (each == name) return &value;
  }
  return nullptr;
}

JsonValue ParseJson(std::string_view text) { return Parser(text).Parse(); }

std::string QuotedJson(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string quoted = "\"";
  for (const char character : text) {
    const auto byte = static_cast<uint8_t>(character);
    if (character == '"' || character == '\\') {
      quoted += '\\';
      quoted += character;
    } else if (byte < 0x20) {
      quoted += std::string("\\u00") + kHex[byte >> 4] + kHex[byte & 15];
    } else {
      quoted += character;
    }
  }
  return quoted + "\"";
}

}  // namespace codellama
