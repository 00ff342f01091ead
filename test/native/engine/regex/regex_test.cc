#include "engine/regex/regex.h"

#include <string>

#include "engine/base/error.h"
#include "support/check.h"

using codellama::DfaPtr;
using codellama::Error;
using codellama::ErrorCode;
using codellama::ParseRegex;
using codellama::RegexFlags;
using codellama::TextsWithMatch;
using codellama::WholeMatches;

namespace {

std::string Refusal(const std::string& pattern) {
  try {
    TextsWithMatch(pattern);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kInvalidGrammar);
    return error.what();
  }
  return "";
}

}  // namespace

TEST(a_regex_matches_like_regexp_test) {
  const struct {
    const char* pattern;
    std::vector<const char*> matches;
    std::vector<const char*> others;
  } cases[] = {
      {"^.{4,12}$", {"abcd", "abcdefghijkl"}, {"abc", "abcdefghijklm", "abc\n"}},
      {"\\d", {"ab3c"}, {"abc", ""}},
      {"", {"", "x"}, {}},
      {"^$", {""}, {"a"}},
      {"a$b", {}, {"ab", "a\nb"}},
      {"^(/[^/]+)*/?$", {"", "/a/b/", "/"}, {"//"}},
      {"^alpha|beta|rc|stable$", {"alphax", "xbetay", "stable"}, {"xalpha", "stablex"}},
      {"^(?!.*foo).*bar$", {"xbar"}, {"xfoobar", "bar "}},
      {"^(?=.*\\d)(?=.*[a-z]).{4,}$", {"abc1"}, {"abcd", "ab1"}},
      {"^[^\\W_]+$", {"az09"}, {"a_", "", "a b"}},
      {"^\\u00e9{2}$", {"éé"}, {"é"}},
      {"^\\u{1F600}$", {"😀"}, {"x"}},
      {"^\\ud83d\\ude00$", {"😀"}, {"x"}},
      {"^[\\s\\S]$", {"\n", "é", "😀"}, {"", "ab"}},
      {"^(a|bc)*?d{2,}$", {"dd", "abcddd"}, {"d", "bdd"}},
      {"^a{,2}$", {"a{,2}"}, {"aa"}},
      {"^[a-]+[-b]$", {"a--"}, {"b"}},
      {"^\\p{Lu}\\p{Letter}*$", {"Éé", "Ж", "A"}, {"é", "A1", ""}},
      {"^[\\p{L}\\p{N}_]+$", {"é١_", "漢"}, {"a b", "!"}},
      {"^\\P{L}$", {"1", "😀"}, {"a", "é"}},
      {"^\\p{Script=Greek}+$", {"αΩ"}, {"a", "α1"}},
      {"^\\p{sc=Cyrl}\\p{gc=Nd}$", {"ж5"}, {"g5", "жж"}},
      {"^\\p{Alphabetic}\\p{White_Space}\\p{Emoji_Presentation}$", {"a 😀"}, {"1 😀", "a😀😀"}},
      {"^\\p{ASCII}\\p{LC}\\p{P}$", {"\na!"}, {"éa!", "a漢!"}},
  };
  for (const auto& [pattern, matches, others] : cases) {
    const DfaPtr texts = TextsWithMatch(pattern);
    for (const char* text : matches) {
      if (!texts->Contains(text))
        check::Fail(__FILE__, __LINE__, std::string(pattern) + " does not match " + text);
    }
    for (const char* text : others) {
      if (texts->Contains(text))
        check::Fail(__FILE__, __LINE__, std::string(pattern) + " must not match " + text);
    }
  }
}

TEST(flags_change_what_a_regex_matches) {
  const RegexFlags ignore_case{.ignore_case = true};
  const RegexFlags multiline{.multiline = true};
  const RegexFlags dot_all{.dot_all = true};
  const struct {
    const char* pattern;
    RegexFlags flags;
    std::vector<const char*> matches;
    std::vector<const char*> others;
  } cases[] = {
      {"yes|é", ignore_case, {"yes", "YES", "É"}, {"no"}},
      {"[k-m]", ignore_case, {"L", "\u212A"}, {"j"}},  // the Kelvin sign
      {"[^k]", ignore_case, {"j"}, {"k", "K", "\u212A"}},
      {"\\W", ignore_case, {"-"}, {"\u017F", "s"}},  // the long s
      {"a.b", {}, {"a-b"}, {"a\nb"}},
      {"a.b", dot_all, {"a-b", "a\nb"}, {"ab"}},
      {"a$\\n^b", multiline, {"a\nb"}, {"ab"}},
      {"a$\\n^b", {}, {}, {"a\nb"}},
      {"(^b$|a|\\n)+", multiline, {"a\nb\na", "b"}, {"ab", "a\nba"}},
      {"(?i:a)b(?s-i:.)", {}, {"Ab\n", "ab-"}, {"AB-"}},
  };
  for (const auto& [pattern, flags, matches, others] : cases) {
    const DfaPtr texts = WholeMatches(ParseRegex(pattern, flags));
    for (const char* text : matches) {
      if (!texts->Contains(text))
        check::Fail(__FILE__, __LINE__, std::string(pattern) + " does not match " + text);
    }
    for (const char* text : others) {
      if (texts->Contains(text))
        check::Fail(__FILE__, __LINE__, std::string(pattern) + " must not match " + text);
    }
  }
}

TEST(a_regex_that_cannot_be_enforced_is_rejected) {
  for (const char* pattern :
       {"(a)\\1", "\\bword",      "(?<=a)b", "(?<!a)b", "(a",      "a)",        "[a",
        "*a",     "\\p{Nothing}", "\\pL",    "\\p{L",   "a{2,1}",  "((?=a)a)*", "(?i)a",
        "[b-a]",  "\\u12",        "^*",      "(?=^a)a", "(?=a)^a", "(?x:a)"}) {
    if (Refusal(pattern).empty())
      check::Fail(__FILE__, __LINE__, std::string("accepted: ") + pattern);
  }
}

TEST(regexes_have_bounds) {
  CHECK(!Refusal("(x{0,100}y{0,100}){0,100}z").empty());
  CHECK(!Refusal("(.{0,30}a.{30}){3}").empty());
  CHECK(!Refusal("a{100001}").empty());
  CHECK(!Refusal(std::string(10'000, '(') + std::string(10'000, ')')).empty());
}

TEST(sets_of_texts_have_union_intersection_and_difference) {
  const DfaPtr words = TextsWithMatch("^[a-z]+$");
  const DfaPtr shorts = codellama::TextsOfLength(0, 3);
  const DfaPtr both = Intersection(words, shorts);
  const DfaPtr either = Union(words, shorts);
  const DfaPtr longs = Difference(words, shorts);
  CHECK(both->Contains("abc") && !both->Contains("abcd") && !both->Contains(""));
  CHECK(either->Contains("abcd") && either->Contains("1") && !either->Contains("1234"));
  CHECK(longs->Contains("abcd") && !longs->Contains("abc"));
  CHECK(AreDisjoint(longs, shorts) && !AreDisjoint(words, shorts));
  CHECK(Union(shorts, Difference(codellama::AllTexts(), shorts))->IsAll());
  CHECK(Intersection(words, either) == words);
  CHECK(codellama::AnyOfTexts({"é", "", "eé"})->Contains(""));
  CHECK(!codellama::AnyOfTexts({"é", "eé"})->Contains("e"));
}
