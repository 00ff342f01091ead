// Recursive descent parser for regular expressions (ECMA-262, section 22.2.1 and annex B.1.2).
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "engine/base/error.h"
#include "engine/regex/case_folding.h"
#include "engine/regex/regex.h"
#include "engine/regex/unicode_property.h"

namespace codellama {

namespace {

constexpr size_t kMaxNesting = 200;
constexpr uint32_t kMaxRepeats = 100'000;

using Kind = RegexNode::Kind;

const PointSet kDigits = {{'0', '9'}};
const PointSet kWord = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
const PointSet kSpace = {{'\t', '\r'},     {' ', ' '},       {0xA0, 0xA0},     {0x1680, 0x1680},
                         {0x2000, 0x200A}, {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F},
                         {0x3000, 0x3000}, {0xFEFF, 0xFEFF}};

RegexNode SetNode(PointSet set) { return {Kind::kSet, std::move(set), {}, 0, 0, false}; }

RegexNode WithChild(Kind kind, RegexNode child) {
  RegexNode node;
  node.kind = kind;
  node.children.push_back(std::move(child));
  return node;
}

bool IsAssertion(Kind kind) {
  return kind != Kind::kSet && kind != Kind::kSequence && kind != Kind::kAlternatives &&
         kind != Kind::kRepeat;
}

class Parser {
 public:
  Parser(std::string_view pattern, const RegexFlags& flags)
      : rest_(pattern), size_(pattern.size()), flags_(flags) {}

  RegexNode Parse() {
    RegexNode node = Alternatives();
    if (!rest_.empty()) Refuse("has an unmatched )");
    return node;
  }

 private:
  [[noreturn]] void Refuse(const std::string& what) const {
    throw Error(ErrorCode::kInvalidGrammar, "the regular expression " + what + " at byte " +
                                                std::to_string(size_ - rest_.size()));
  }

  bool Take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }

  uint32_t TakePoint() {
    if (rest_.empty()) Refuse("ends too early");
    const uint32_t point = TakeCodePoint(&rest_);
    if (point == kNoCodePoint) Refuse("is not UTF-8");
    return point;
  }

  RegexNode Alternatives() {
    if (++depth_ > kMaxNesting) Refuse("nests more than 200 groups");
    RegexNode node;
    node.kind = Kind::kAlternatives;
    do node.children.push_back(Sequence());
    while (Take("|"));
    depth_--;
    if (node.children.size() > 1) return node;
    return std::move(node.children.front());
  }

  RegexNode Sequence() {
    RegexNode sequence;
    while (!rest_.empty() && rest_[0] != '|' && rest_[0] != ')') {
      RegexNode term = Atom();
      const std::optional<RegexNode> repeat = Quantifier();
      if (repeat) {
        if (IsAssertion(term.kind)) Refuse("has a quantifier after an assertion");
        RegexNode repeated = *repeat;
        repeated.children.push_back(std::move(term));
        term = std::move(repeated);
      }
      sequence.children.push_back(std::move(term));
    }
    return sequence;
  }

  std::optional<RegexNode> Quantifier() {
    RegexNode repeat;
    repeat.kind = Kind::kRepeat;
    if (Take("*")) {
      repeat.minimum = 0;
    } else if (Take("+")) {
      repeat.minimum = 1;
    } else if (Take("?")) {
      repeat.maximum = 1;
    } else if (!Braces(&repeat)) {
      return std::nullopt;
    }
    Take("?");  // a lazy quantifier matches the same texts
    return repeat;
  }

  // Reads `{2}`, `{2,}` or `{2,5}`. In any other form the brace is an ordinary character: returns
  // false and reads nothing.
  bool Braces(RegexNode* repeat) {
    const std::string_view start = rest_;
    std::optional<uint32_t> minimum;
    if (Take("{") && (minimum = Number())) {
      std::optional<uint32_t> maximum = minimum;
      if (Take(",")) {
        maximum = Number();
        if (!maximum) maximum = RegexNode::kUnbounded;
      }
      if (Take("}")) {
        if (*minimum > *maximum) Refuse("has a quantifier whose minimum is above its maximum");
        repeat->minimum = *minimum;
        repeat->maximum = *maximum;
        return true;
      }
    }
    rest_ = start;
    return false;
  }

  std::optional<uint32_t> Number() {
    if (rest_.empty() || rest_[0] < '0' || rest_[0] > '9') return std::nullopt;
    uint32_t value = 0;
    while (!rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9') {
      value = value * 10 + static_cast<uint32_t>(rest_[0] - '0');
      if (value > kMaxRepeats) Refuse("has a repetition count above 100000");
      rest_.remove_prefix(1);
    }
    return value;
  }

  RegexNode Atom() {
    const auto anchor = [this](Kind text, Kind line) {
      return RegexNode{flags_.multiline ? line : text, {}, {}, 0, 0, false};
    };
    if (Take("^")) return anchor(Kind::kStart, Kind::kLineStart);
    if (Take("$")) return anchor(Kind::kEnd, Kind::kLineEnd);
    if (Take(".")) return SetNode(Complement(flags_.dot_all ? PointSet{} : kLineEnds));
    if (Take("(")) return Group();
    if (Take("[")) return Class();
    if (Take("\\")) return SetNode(WithFlags(Escape(false)));
    if (rest_[0] == '*' || rest_[0] == '+' || rest_[0] == '?')
      Refuse("has a quantifier with nothing to repeat");
    const uint32_t point = TakePoint();
    return SetNode(WithFlags({{point, point}}));
  }

  PointSet WithFlags(const PointSet& set) const {
    return flags_.ignore_case ? WithAllCases(set) : set;
  }

  RegexNode Group() {
    if (Take("?<=") || Take("?<!")) Refuse("has a lookbehind, which cannot be enforced,");
    const bool positive = Take("?=");
    const bool negative = !positive && Take("?!");
    const RegexFlags outer = flags_;
    if (Take("?<")) {
      while (TakePoint() != '>') continue;
    } else if (!positive && !negative && Take("?")) {
      Modifiers();
    }
    RegexNode content = Alternatives();
    flags_ = outer;
    if (!Take(")")) Refuse("has an unmatched (");
    if (!positive && !negative) return content;
    RegexNode lookahead = WithChild(Kind::kLookahead, std::move(content));
    lookahead.negated = negative;
    return lookahead;
  }

  // Reads the rest of `(?:` or of a group that sets and clears flags, such as `(?i-s:`.
  void Modifiers() {
    bool value = true;
    while (!Take(":")) {
      if (value && Take("-")) {
        value = false;
      } else if (Take("i")) {
        flags_.ignore_case = value;
      } else if (Take("m")) {
        flags_.multiline = value;
      } else if (Take("s")) {
        flags_.dot_all = value;
      } else {
        Refuse("has an unknown group");
      }
    }
  }

  RegexNode Class() {
    const bool negated = Take("^");
    PointSet set;
    while (!Take("]")) {
      PointSet first = ClassAtom();
      if (rest_.starts_with('-') && !rest_.starts_with("-]") && IsPoint(first)) {
        const std::string_view start = rest_;
        rest_.remove_prefix(1);
        const PointSet last = ClassAtom();
        if (IsPoint(last)) {
          if (first[0].first > last[0].first) Refuse("has a range out of order");
          set.emplace_back(first[0].first, last[0].first);
          continue;
        }
        rest_ = start;
      }
      set.insert(set.end(), first.begin(), first.end());
    }
    set = WithFlags(Normalized(std::move(set)));
    return SetNode(negated ? Complement(set) : set);
  }

  static bool IsPoint(const PointSet& set) {
    return set.size() == 1 && set[0].first == set[0].second;
  }

  PointSet ClassAtom() {
    if (rest_.empty()) Refuse("has an unmatched [");
    if (Take("\\")) return Escape(true);
    const uint32_t point = TakePoint();
    return {{point, point}};
  }

  PointSet Escape(bool in_class) {
    const uint32_t letter = TakePoint();
    const auto one = [](uint32_t point) { return PointSet{{point, point}}; };
    switch (letter) {
      case 'd':
        return kDigits;
      case 'D':
        return Complement(kDigits);
      case 'w':
        return kWord;
      case 'W':
        return Complement(WithFlags(kWord));
      case 's':
        return kSpace;
      case 'S':
        return Complement(kSpace);
      case 't':
        return one('\t');
      case 'n':
        return one('\n');
      case 'v':
        return one('\v');
      case 'f':
        return one('\f');
      case 'r':
        return one('\r');
      case 'b':
        if (in_class) return one('\b');
        [[fallthrough]];
      case 'B':
        Refuse("has a word boundary, which cannot be enforced,");
      case 'p':
        return Property();
      case 'P':
        return Complement(Property());
      case 'k':
        Refuse("has a backreference, which cannot be enforced,");
      case 'c':
        return one(TakePoint() % 32);
      case 'x':
        return one(Hex(2));
      case 'u':
        return one(UnicodeEscape());
      case '0':
        return one(0);
      default:
        break;
    }
    if (letter >= '1' && letter <= '9') Refuse("has a backreference, which cannot be enforced,");
    return one(letter);
  }

  // Reads `{Name}` or `{Name=Value}`.
  PointSet Property() {
    const size_t end = rest_.find('}');
    if (!rest_.starts_with('{') || end == std::string_view::npos) {
      Refuse("has a Unicode property without braces");
    }
    const std::string_view name = rest_.substr(1, end - 1);
    const std::optional<PointSet> points = CodePointsOf(name);
    if (!points) Refuse("has the Unicode property " + std::string(name) + ", which is unknown,");
    rest_.remove_prefix(end + 1);
    return *points;
  }

  uint32_t UnicodeEscape() {
    if (Take("{")) {
      uint32_t value = 0;
      while (!Take("}")) value = std::min(value * 16 + HexDigit(), kLastScalar + 1);
      if (value > kLastScalar) Refuse("has an escape above U+10FFFF");
      return value;
    }
    const uint32_t high = Hex(4);
    if (high < 0xD800 || high > 0xDBFF || !Take("\\u")) return high;
    const uint32_t low = Hex(4);
    if (low < 0xDC00 || low > 0xDFFF) Refuse("has half of a surrogate pair");
    return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
  }

  uint32_t Hex(int digits) {
    uint32_t value = 0;
    for (int i = 0; i < digits; i++) value = value * 16 + HexDigit();
    return value;
  }

  uint32_t HexDigit() {
    const uint32_t point = TakePoint();
    if (point >= '0' && point <= '9') return point - '0';
    if (point >= 'a' && point <= 'f') return point - 'a' + 10;
    if (point >= 'A' && point <= 'F') return point - 'A' + 10;
    Refuse("has an escape whose digits are not hexadecimal");
  }

  std::string_view rest_;
  const size_t size_;
  RegexFlags flags_;
  size_t depth_ = 0;
};

}  // namespace

RegexNode ParseRegex(std::string_view pattern, const RegexFlags& flags) {
  return Parser(pattern, flags).Parse();
}

}  // namespace codellama
