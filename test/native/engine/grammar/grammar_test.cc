#include "engine/grammar/rule_grammar.h"

#include <sys/resource.h>

#include <random>
#include <regex>
#include <string>

#include "engine/base/error.h"
#include "engine/grammar/grammar_automaton.h"
#include "engine/grammar/utf8_ranges.h"
#include "support/check.h"

using codellama::Error;
using codellama::ErrorCode;
using codellama::GrammarAutomaton;
using codellama::ParseGrammar;
using codellama::RuleGrammar;

namespace {

// Matches texts against a grammar.
class Matcher {
 public:
  explicit Matcher(const std::string& grammar)
      : automaton_(std::make_shared<const RuleGrammar>(ParseGrammar(grammar)), nullptr) {}

  bool Begins(const std::string& text) {
    return automaton_.Next(automaton_.start(), text) != GrammarAutomaton::kDead;
  }
  bool Matches(const std::string& text) {
    return automaton_.IsComplete(automaton_.Next(automaton_.start(), text));
  }
  bool ReplayMatchesNext(const std::string& text) {
    return automaton_.Replay(text) == automaton_.Next(automaton_.start(), text);
  }
  bool IsOver(const std::string& text) {
    return automaton_.IsOver(automaton_.Next(automaton_.start(), text));
  }

 private:
  GrammarAutomaton automaton_;
};

std::string Refusal(const std::string& grammar) {
  try {
    ParseGrammar(grammar);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kInvalidGrammar);
    return error.what();
  }
  return "";
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string Times(size_t count, const std::string& text) {
  std::string all;
  for (size_t i = 0; i < count; i++) all += text;
  return all;
}

// Peak memory of this process, which runs one test.
int64_t PeakMegabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
#ifdef __APPLE__
  return usage.ru_maxrss >> 20;
#else
  return usage.ru_maxrss >> 10;
#endif
}

}  // namespace

TEST(grammar_matches_literals_and_alternatives) {
  Matcher matcher(
      "root ::= greeting \", \" name # a comment\ngreeting ::= \"hello\" | \"bye\"\n"
      "name ::= \"you\" |\n  \"all\"\n");
  CHECK(matcher.Matches("hello, you"));
  CHECK(matcher.Matches("bye, all"));
  CHECK(!matcher.Matches("hello"));
  CHECK(matcher.Begins("hello"));
  CHECK(!matcher.Begins("help"));
  CHECK(matcher.IsOver("bye, you"));
  CHECK(!matcher.Begins("bye, you!"));
}

TEST(grammar_matches_repetitions) {
  Matcher matcher("root ::= \"a\"? \"b\"* \"c\"+ \"d\"{2} \"e\"{1,} (\"f\" \"g\"){0,2}");
  CHECK(matcher.Matches("cdde"));
  CHECK(matcher.Matches("abbbccddeeefgfg"));
  CHECK(!matcher.Matches("cde"));
  CHECK(!matcher.Begins("cddd"));
  CHECK(!matcher.Begins("cddefgfgf"));
  CHECK(!matcher.IsOver("cddefg"));
  CHECK(matcher.IsOver("cddefgfg"));
}

TEST(grammar_matches_characters_beyond_ascii) {
  Matcher matcher("root ::= [a-cä-ü] [^x\\n] \"\\u20AC\" . [\\U0001F600-\\U0001F64F]");
  CHECK(matcher.Matches("a?€é😀"));
  CHECK(matcher.Matches("öß€\n🙏"));
  CHECK(!matcher.Begins("d"));
  CHECK(!matcher.Begins("ax"));
  CHECK(!matcher.Begins("ba€é🚀"));
  // A text may end inside a character.
  CHECK(matcher.Begins("\xC3"));
  CHECK(!matcher.Begins("\xC4"));
}

TEST(grammar_matches_nested_texts) {
  Matcher matcher("root ::= \"(\" root* \")\"");
  std::string deep;
  for (int i = 0; i < 500; i++) deep = "(" + deep + "())";
  CHECK(matcher.Matches(deep));
  CHECK(!matcher.Matches(deep + ")"));
  CHECK(matcher.Begins(std::string(500, '(')));
}

TEST(grammar_agrees_with_regular_expressions) {
  // Each pair has the same meaning as a grammar and as a regular expression.
  const std::pair<const char*, const char*> pairs[] = {
      {"root ::= (\"a\" | \"ab\")* \"b\"?", "(a|ab)*b?"},
      {"root ::= ([ab] \"c\"?){1,3} | \"cc\"+", "([ab]c?){1,3}|(cc)+"},
      {"root ::= \"a\"{0,3} \"b\"{2,} \"c\"{1}", "a{0,3}b{2,}c"},
      {"root ::= x x x?\nx ::= [a-b]? \"c\"", "([ab]?c)([ab]?c)([ab]?c)?"},
      {"root ::= (\"a\" (\"b\" | (\"c\" \"a\")*))+", "(a(b|(ca)*))+"},
  };
  std::mt19937 random(1);
  for (const auto& [grammar, expression] : pairs) {
    Matcher matcher(grammar);
    const std::regex regex(expression);
    for (int i = 0; i < 2000; i++) {
      std::string text;
      for (size_t length = random() % 9; text.size() < length;) text += "abc"[random() % 3];
      CHECK_EQ(matcher.Matches(text), std::regex_match(text, regex));
    }
  }
}

TEST(grammar_refuses_syntax_errors) {
  CHECK(Contains(Refusal("root ::= \"a"), "line 1, column 12: the literal has no closing quote"));
  CHECK(Contains(Refusal("root ::= \"a\"\nother := 1"), "line 2, column 7: expected ::= here"));
  CHECK(Contains(Refusal("root ::= missing"), "the rule missing is used but not defined"));
  CHECK(Contains(Refusal("start ::= \"a\""), "the rule root is missing"));
  CHECK(Contains(Refusal(""), "the rule root is missing"));
  CHECK(Contains(Refusal("root ::= \"a\"\nroot ::= \"b\""), "the rule root is defined twice"));
  CHECK(Contains(Refusal("root ::= [z-a]"), "the range ends before it starts"));
  CHECK(Contains(Refusal("root ::= \"a\"{5,2}"), "less than the minimum"));
  CHECK(Contains(Refusal("root ::= \"a\"{99999}"), "at most 10000 repetitions are allowed"));
  CHECK(Contains(Refusal("root ::= \"a\"{18446744073709551617}"),
                 "at most 10000 repetitions are allowed"));
  std::string large = "root ::=";
  for (int i = 0; i < 60; i++) large += " \"a\"{9999}";
  CHECK(Contains(Refusal(large), "too large"));
  CHECK_EQ(Refusal("root ::= ((((\"a\"{999}){999}){999}){999})"), "");
  CHECK(Contains(Refusal("root ::= *"), "nothing to repeat"));
  CHECK(Contains(Refusal("root ::= \"\\q\""), "unknown escape"));
  CHECK(Contains(Refusal("root ::= <think>"), "tokens"));
  CHECK(Contains(Refusal("root ::= \"a\" )"), "unexpected text"));
  CHECK(Contains(Refusal("root ::= " + std::string(5000, '(')), "nested more than 200 deep"));
  CHECK(Contains(Refusal("root ::= \"\xFF\""), "not valid UTF-8"));
}

TEST(grammar_refuses_expansions_before_they_take_memory) {
  const std::string long_name(500'000, 'n');
  const std::string grammars[] = {
      "root ::= " + Times(8000, "\"a\"{10000} "),
      "root ::= " + Times(8000, "\"a\"{0,10000} "),
      "root ::= " + Times(8000, "(\"abc\" | \"d\"){9999,10000} "),
      "root ::= " + Times(8000, "[^a-z]{10000} "),
      "root ::= " + Times(8000, "x{10000} ") + "\nx ::= \"x\"",
      "root ::= " + Times(8000, "(\"a\"{10000} | \"b\"{10000})"),
      "root ::= \"x\"\n" + Times(8000, "x ::= \"a\"{10000}\n"),
      "root ::= " + Times(900'000, "|"),
      "root ::= (" + Times(900'000, "|") + ")",
      "root ::= \"" + Times(900'000, "a") + "\"",
      "root ::= [" + Times(100'000, "\u0101") + "] " + Times(60'000, "[^a-zA-Z]"),
      "root ::= " + Times(30'000, "[^\u0101\u0201-\u0301]{9} "),
  };
  for (const std::string& grammar : grammars) {
    const std::string refusal = Refusal(grammar);
    CHECK(Contains(refusal, "too large") || Contains(refusal, "defined twice"));
  }
  CHECK(Refusal("root ::= \"x\"" + long_name).size() < 1000);
  CHECK(Refusal("root ::= " + long_name).size() < 1000);
  CHECK(Refusal("root ::= " + long_name + "\n" + long_name + " ::= " + long_name).size() < 1000);
  CHECK(PeakMegabytes() < 200);
}

TEST(grammar_refuses_texts_that_take_too_much_work) {
  std::string grammar = "root ::= " + Times(12, "[a-z]{0,900} ") + "\"!\"";
  GrammarAutomaton automaton(std::make_shared<const RuleGrammar>(ParseGrammar(grammar)), nullptr);
  std::string refusal;
  try {
    automaton.Next(automaton.start(), std::string(5000, 'a'));
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kInvalidGrammar);
    refusal = error.what();
  }
  CHECK(Contains(refusal, "make the grammar less ambiguous"));
  // Each query has its own limit, and memory of earlier queries does not pile up.
  for (int i = 0; i < 50; i++) {
    automaton.BeginQuery();
    CHECK(automaton.bytes() <= 64U << 20);
    try {
      automaton.Next(automaton.start(), std::string(20 * i, 'a') + std::string(5000, 'b'));
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::kInvalidGrammar);
    }
  }
  CHECK(PeakMegabytes() < 400);
}

TEST(grammar_replays_a_long_text) {
  Matcher matcher("root ::= (\"a\" | \"b\" \"c\"?)* \"!\"");
  const std::string text = Times(200'000, "abc");
  CHECK(matcher.Matches(text + "!"));
  CHECK(matcher.ReplayMatchesNext(text));
}

TEST(grammar_refuses_left_recursion) {
  CHECK(Contains(Refusal("root ::= root \"a\" | \"b\""), "the rule root may begin with itself"));
  CHECK(Contains(Refusal("root ::= a\na ::= b \"x\"\nb ::= \"c\"? a"), "may begin with itself"));
  CHECK(Contains(Refusal("root ::= (\"a\"*)*"),
                 "a repeated expression must not match the empty text"));
  CHECK_EQ(Refusal("root ::= \"a\" root | \"\""), "");
}

TEST(grammar_is_checked_in_linear_time) {
  // Each rule may begin with the next one in two ways: 2^400 paths.
  std::string grammar;
  for (int i = 0; i < 400; i++) {
    const std::string next = i == 399 ? "\"x\"" : "r" + std::to_string(i + 1);
    grammar += (i == 0 ? "root" : "r" + std::to_string(i)) + " ::= " + next + " | " + next + "\n";
  }
  CHECK(Matcher(grammar).Matches("x"));
}

TEST(grammar_survives_random_text) {
  const char* pieces[] = {"root", " ::= ", "\"a\"", "\n", "|", "(", ")", "*", "{2,3}", "[a-",
                          "]",    "\\",    "x",     "#",  " ", "?", ".", "^", "\xC3",  "\""};
  std::mt19937 random(2);
  for (int i = 0; i < 20000; i++) {
    std::string text = "root ::= ";
    for (size_t length = random() % 20; length > 0; length--) text += pieces[random() % 20];
    try {
      Matcher matcher(text);
      matcher.Begins("aax");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::kInvalidGrammar);
    }
  }
}

TEST(utf8_sequences_match_exactly_their_range) {
  std::mt19937 random(3);
  const auto code_point = [&] {
    const uint32_t limits[] = {0x100, 0x900, 0x11000, codellama::kLastScalar + 1};
    return static_cast<uint32_t>(random() % limits[random() % 4]);
  };
  for (int i = 0; i < 300; i++) {
    auto [first, last] = std::minmax({code_point(), code_point()});
    const auto sequences = codellama::Utf8Sequences({first, last});
    for (int j = 0; j < 100; j++) {
      const uint32_t probe = j % 4 == 0 ? first : j % 4 == 1 ? last : code_point();
      std::string bytes;
      codellama::AppendCodePoint(probe, &bytes);
      const auto matches = [&](const codellama::ByteRanges& ranges) {
        if (ranges.size() != bytes.size()) return false;
        for (size_t k = 0; k < bytes.size(); k++) {
          const auto byte = static_cast<uint8_t>(bytes[k]);
          if (byte < ranges[k].first || byte > ranges[k].second) return false;
        }
        return true;
      };
      const auto count = std::count_if(sequences.begin(), sequences.end(), matches);
      const bool surrogate = probe >= 0xD800 && probe <= 0xDFFF;
      CHECK_EQ(count, !surrogate && probe >= first && probe <= last ? 1 : 0);
    }
  }
}
