#include "pattern_tree.h"

#include <stdexcept>
#include <string_view>
#include <utility>

#include "pattern.h"

namespace codellama {
namespace {

using Kind = PatternNode::Kind;

class Parser {
 public:
  explicit Parser(std::u32string_view text) : rest_(text) {}

  PatternNode Parse() {
    PatternNode node = ParseChoice();
    if (!rest_.empty()) Fail("an unmatched )");
    return node;
  }

 private:
  [[noreturn]] static void Fail(const std::string& what) {
    throw std::runtime_error("pre-tokenizer pattern: " + what);
  }

  bool Skip(std::u32string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }

  char32_t Take() {
    if (rest_.empty()) Fail("it ends too early");
    const char32_t unit = rest_[0];
    rest_.remove_prefix(1);
    return unit;
  }

  PatternNode ParseChoice() {
    PatternNode choice{Kind::kChoice};
    do {
      choice.children.push_back(ParseSequence());
    } while (Skip(U"|"));
    return choice.children.size() == 1 ? std::move(choice.children[0]) : choice;
  }

  PatternNode ParseSequence() {
    PatternNode sequence;
    while (!rest_.empty() && rest_[0] != '|' && rest_[0] != ')') {
      Append(&sequence, ParseQuantifier(ParseAtom()));
    }
    return sequence.children.size() == 1 ? std::move(sequence.children[0]) : sequence;
  }

  // Merges a lookahead at one unit into the following unit: (?=[A])[B] becomes the intersection.
  static void Append(PatternNode* sequence, PatternNode node) {
    auto& nodes = sequence->children;
    const bool narrows = node.kind == Kind::kUnit && !nodes.empty() &&
                         nodes.back().kind == Kind::kLook && !nodes.back().is_negative &&
                         nodes.back().children[0].kind == Kind::kUnit;
    if (narrows) {
      node.set.Intersect(nodes.back().children[0].set);
      nodes.back() = std::move(node);
    } else {
      nodes.push_back(std::move(node));
    }
  }

  PatternNode ParseAtom() {
    const char32_t unit = Take();
    if (unit == '(') return ParseGroup();
    if (unit == '$') return PatternNode{Kind::kEnd};
    PatternNode node{Kind::kUnit};
    if (unit == '[') {
      node.set = ParseBracket();
    } else if (unit == '\\') {
      node.set = ParseEscape();
    } else if (std::u32string_view(U".^*+?{").find(unit) != std::u32string_view::npos) {
      Fail("unsupported syntax");
    } else {
      node.set.Add(unit, unit);
    }
    return node;
  }

  PatternNode ParseGroup() {
    PatternNode look{Kind::kLook};
    look.is_negative = Skip(U"?!");
    const bool is_look = look.is_negative || Skip(U"?=");
    if (!is_look && !Skip(U"?:") && Skip(U"?")) Fail("an unsupported group");
    PatternNode body = ParseChoice();
    if (!Skip(U")")) Fail("an open group");
    if (!is_look) return body;
    look.children.push_back(std::move(body));
    return look;
  }

  PatternNode ParseQuantifier(PatternNode atom) {
    PatternNode repeat{Kind::kRepeat};
    if (Skip(U"*")) {
      repeat.least = 0;
      repeat.most = PatternStep::kUnbounded;
    } else if (Skip(U"+")) {
      repeat.most = PatternStep::kUnbounded;
    } else if (Skip(U"?")) {
      repeat.least = 0;
    } else if (Skip(U"{")) {
      repeat.least = ParseNumber();
      repeat.most = Skip(U",") ? ParseNumber() : repeat.least;
      if (!Skip(U"}") || repeat.most < repeat.least) Fail("a bad number of repetitions");
    } else {
      return atom;
    }
    repeat.children.push_back(std::move(atom));
    return repeat;
  }

  uint32_t ParseNumber() {
    uint32_t number = 0;
    while (!rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9' && number < 10'000) {
      number = number * 10 + (Take() - U'0');
    }
    return number;
  }

  UnitSet ParseBracket() {
    UnitSet set;
    const bool is_inverted = Skip(U"^");
    while (!Skip(U"]")) {
      char32_t first = Take();
      if (first == '\\') {
        if (const UnitSet* named = NamedSet()) {
          set.Add(*named);
          continue;
        }
        first = Unescape(Take());
      }
      char32_t last = first;
      if (rest_.size() >= 2 && rest_[0] == '-' && rest_[1] != ']') {
        Take();
        last = Take();
        if (last == '\\') last = Unescape(Take());
      }
      if (last < first) Fail("a range that ends before it begins");
      set.Add(first, last);
    }
    if (is_inverted) set.Invert();
    return set;
  }

  UnitSet ParseEscape() {
    if (const UnitSet* named = NamedSet()) return *named;
    const char32_t unit = Unescape(Take());
    UnitSet set;
    set.Add(unit, unit);
    return set;
  }

  // The set of a class escape such as \s, after its backslash. ASCII only, like in the "C" locale.
  const UnitSet* NamedSet() {
    static const UnitSet kSpaces = [] {
      UnitSet set;
      set.Add(' ', ' ');
      set.Add('\t', '\r');
      return set;
    }();
    static const UnitSet kNoSpaces = [] {
      UnitSet set = kSpaces;
      set.Invert();
      return set;
    }();
    static const UnitSet kDigits = [] {
      UnitSet set;
      set.Add('0', '9');
      return set;
    }();
    if (Skip(U"s")) return &kSpaces;
    if (Skip(U"S")) return &kNoSpaces;
    if (Skip(U"d")) return &kDigits;
    return nullptr;
  }

  static char32_t Unescape(char32_t unit) {
    if (unit == 'r') return '\r';
    if (unit == 'n') return '\n';
    if (unit == 't') return '\t';
    const bool is_letter = (unit >= 'a' && unit <= 'z') || (unit >= 'A' && unit <= 'Z');
    if (is_letter || (unit >= '0' && unit <= '9')) Fail("an unsupported escape");
    return unit;
  }

  std::u32string_view rest_;
};

}  // namespace

PatternNode ParsePattern(const std::u32string& text) { return Parser(text).Parse(); }

}  // namespace codellama
