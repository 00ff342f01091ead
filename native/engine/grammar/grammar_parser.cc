#include <algorithm>
#include <optional>

#include "engine/base/error.h"
#include "engine/grammar/grammar_builder.h"
#include "engine/grammar/rule_grammar.h"

namespace codellama {

namespace {

constexpr size_t kMaxText = size_t{1} << 20;
constexpr int kMaxDepth = 200;
constexpr uint32_t kMaxRepetitions = 10'000;

using Sequence = GrammarBuilder::Sequence;
using Alternatives = std::vector<Sequence>;

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  RuleGrammar Parse() {
    if (text_.size() > kMaxText)
      Refuse("the grammar has more than " + std::to_string(kMaxText) + " bytes");
    SkipBlank(true);
    while (!AtEnd()) ParseRule();
    return builder_.Finish();
  }

 private:
  [[noreturn]] void Refuse(const std::string& what) const {
    const auto line = 1 + std::count(text_.begin(), text_.begin() + Offset(at_), '\n');
    const size_t line_start = at_ == 0 ? std::string_view::npos : text_.rfind('\n', at_ - 1);
    const size_t column = line_start == std::string_view::npos ? at_ + 1 : at_ - line_start;
    throw Error(ErrorCode::kInvalidGrammar, "grammar: line " + std::to_string(line) + ", column " +
                                                std::to_string(column) + ": " + what);
  }

  static std::ptrdiff_t Offset(size_t position) { return static_cast<std::ptrdiff_t>(position); }
  bool AtEnd() const { return at_ == text_.size(); }
  char Peek() const { return AtEnd() ? '\0' : text_[at_]; }
  bool Sees(std::string_view what) const { return text_.substr(at_).starts_with(what); }

  bool Take(std::string_view what) {
    if (!Sees(what)) return false;
    at_ += what.size();
    return true;
  }

  void Expect(std::string_view what) {
    if (!Take(what)) Refuse("expected " + std::string(what) + " here");
  }

  // Skips blanks and comments. `lines`: also line breaks, where they cannot end a rule.
  void SkipBlank(bool lines) {
    while (!AtEnd()) {
      const char c = Peek();
      if (c == '#') {
        while (!AtEnd() && Peek() != '\n' && Peek() != '\r') at_++;
      } else if (c == ' ' || c == '\t' || (lines && (c == '\n' || c == '\r'))) {
        at_++;
      } else {
        return;
      }
    }
  }

  std::string_view TakeName() {
    const size_t start = at_;
    while (!AtEnd() && IsNameCharacter(Peek())) at_++;
    if (at_ == start) Refuse("expected the name of a rule here");
    return text_.substr(start, at_ - start);
  }

  void ParseRule() {
    const size_t start = at_;
    const std::string_view name = TakeName();
    const uint32_t rule = builder_.Rule(name);
    if (builder_.IsDefined(rule)) {
      at_ = start;
      Refuse("the rule " + ShownName(name) + " is defined twice");
    }
    SkipBlank(false);
    Expect("::=");
    SkipBlank(true);
    builder_.Define(rule, ParseAlternatives(0));
    if (!AtEnd() && Peek() != '\n' && Peek() != '\r') Refuse("unexpected text here");
    SkipBlank(true);
  }

  Alternatives ParseAlternatives(int depth) {
    if (depth > kMaxDepth) {
      Refuse("groups are nested more than " + std::to_string(kMaxDepth) + " deep");
    }
    Alternatives alternatives;
    do {
      if (!alternatives.empty()) SkipBlank(true);
      builder_.Claim(1);
      alternatives.push_back(ParseSequence(depth));
    } while (Take("|"));
    return alternatives;
  }

  Sequence ParseSequence(int depth) {
    Sequence sequence;
    while (true) {
      const std::optional<Sequence> item = ParseItem(depth);
      if (!item) return sequence;
      // A rule cannot end inside a group, so line breaks are allowed there.
      SkipBlank(depth > 0);
      Sequence repeated = ParseRepetition(*item);
      sequence.insert(sequence.end(), repeated.begin(), repeated.end());
      SkipBlank(depth > 0);
    }
  }

  // The symbols that a following repetition applies to. Nothing at the end of the sequence.
  std::optional<Sequence> ParseItem(int depth) {
    const char c = Peek();
    if (c == '"') return ParseLiteral();
    if (c == '[') return Sequence{ParseClass()};
    if (Take(".")) return Sequence{builder_.Characters({{0, kLastScalar}})};
    if (Take("(")) {
      SkipBlank(true);
      const Alternatives alternatives = ParseAlternatives(depth + 1);
      Expect(")");
      return Sequence{builder_.AnyOf(alternatives)};
    }
    if (IsNameCharacter(c)) return Sequence{builder_.Reference(TakeName())};
    if (c == '<' || c == '!') Refuse("tokens (<name>, <[id]>) cannot be part of a grammar here");
    if (c == '*' || c == '+' || c == '?' || c == '{') Refuse("nothing to repeat here");
    return std::nullopt;
  }

  Sequence ParseLiteral() {
    Expect("\"");
    std::string bytes;
    while (!Take("\"")) {
      if (AtEnd() || Peek() == '\n') Refuse("the literal has no closing quote");
      AppendCodePoint(TakeCharacter(), &bytes);
    }
    Sequence sequence;
    for (const char byte : bytes) sequence.push_back(builder_.Byte(static_cast<uint8_t>(byte)));
    return sequence;
  }

  GrammarSymbol ParseClass() {
    Expect("[");
    const bool negated = Take("^");
    PointSet ranges;
    while (!Take("]")) {
      if (AtEnd() || Peek() == '\n') Refuse("the character class has no closing bracket");
      const uint32_t first = TakeCharacter();
      uint32_t last = first;
      if (Sees("-") && !Sees("-]")) {
        at_++;
        last = TakeCharacter();
      }
      if (last < first) Refuse("the range ends before it starts");
      ranges.emplace_back(first, last);
    }
    ranges = Normalized(std::move(ranges));
    if (negated) ranges = Complement(ranges);
    if (ranges.empty()) Refuse("the character class is empty");
    return builder_.Characters(ranges);
  }

  uint32_t TakeCharacter() {
    if (Take("\\")) return TakeEscape();
    const auto lead = static_cast<uint8_t>(Peek());
    const int length = lead < 0x80 ? 1 : lead < 0xC0 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (length == 0 || at_ + static_cast<size_t>(length) > text_.size())
      Refuse("this is not valid UTF-8");
    uint32_t code_point = length == 1 ? lead : lead & (0xFFU >> (length + 1));
    for (int i = 1; i < length; i++) {
      const auto byte = static_cast<uint8_t>(text_[at_ + static_cast<size_t>(i)]);
      code_point = code_point << 6 | (byte & 0x3FU);
    }
    at_ += static_cast<size_t>(length);
    if (code_point > kLastScalar) Refuse("this is not valid UTF-8");
    return code_point;
  }

  uint32_t TakeEscape() {
    const char c = Peek();
    at_ += AtEnd() ? 0 : 1;
    switch (c) {
      case 'x':
        return TakeHex(2);
      case 'u':
        return TakeHex(4);
      case 'U':
        return TakeHex(8);
      case 't':
        return '\t';
      case 'r':
        return '\r';
      case 'n':
        return '\n';
      case '\\':
      case '"':
      case '[':
      case ']':
      case '-':
      case '^':
      case '/':
        return static_cast<uint8_t>(c);
      default:
        Refuse(
            "unknown escape; allowed are \\\\ \\\" \\[ \\] \\n \\r \\t \\xHH \\uHHHH \\UHHHHHHHH");
    }
  }

  uint32_t TakeHex(int digits) {
    uint32_t value = 0;
    for (int i = 0; i < digits; i++) {
      const char c = Peek();
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0) Refuse(std::to_string(digits) + " hexadecimal digits are expected here");
      value = value << 4 | static_cast<uint32_t>(digit);
      at_++;
    }
    if (value > kLastScalar) Refuse("code points go up to 10FFFF");
    return value;
  }

  Sequence ParseRepetition(const Sequence& item) {
    uint32_t minimum = 0;
    uint32_t maximum = GrammarBuilder::kUnbounded;
    if (Take("?")) {
      maximum = 1;
    } else if (Take("+")) {
      minimum = 1;
    } else if (Take("{")) {
      SkipBlank(false);
      minimum = TakeCount();
      maximum = minimum;
      SkipBlank(false);
      if (Take(",")) {
        SkipBlank(false);
        maximum = Peek() == '}' ? GrammarBuilder::kUnbounded : TakeCount();
        SkipBlank(false);
      }
      if (maximum < minimum) Refuse("the maximum of repetitions is less than the minimum");
      Expect("}");
    } else if (!Take("*")) {
      return item;
    }
    return builder_.Repeat(builder_.AnyOf({item}), minimum, maximum);
  }

  uint32_t TakeCount() {
    const size_t start = at_;
    uint32_t count = 0;
    while (Peek() >= '0' && Peek() <= '9' && count <= kMaxRepetitions) {
      count = 10 * count + static_cast<uint32_t>(Peek() - '0');
      at_++;
    }
    if (at_ == start) Refuse("expected a number of repetitions here");
    if (count > kMaxRepetitions) {
      Refuse("at most " + std::to_string(kMaxRepetitions) + " repetitions are allowed");
    }
    return count;
  }

  const std::string_view text_;
  size_t at_ = 0;
  GrammarBuilder builder_;
};

}  // namespace

RuleGrammar ParseGrammar(std::string_view text) { return Parser(text).Parse(); }

}  // namespace codellama
