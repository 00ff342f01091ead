#include "engine/text/stop_pattern.h"

#include <string>

#include "engine/base/error.h"
#include "engine/text/text_stream.h"
#include "support/check.h"

using namespace codellama;

namespace {

StopConditions Patterns(std::initializer_list<const char*> patterns, const RegexFlags& flags = {}) {
  StopConditions stop;
  for (const char* each : patterns) stop.patterns.push_back(CompileStopPattern(each, flags));
  return stop;
}

// The text before the match, "|", and the match.
std::string Run(TextStream stream, std::initializer_list<const char*> pieces) {
  std::string text;
  for (const char* piece : pieces) text += stream.Append(piece);
  text += stream.Finish();
  return text + "|" + stream.matched();
}

std::string Refusal(const char* pattern, const RegexFlags& flags = {}) {
  try {
    CompileStopPattern(pattern, flags);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kInvalidGrammar);
    return error.what();
  }
  return "";
}

std::string Dedent(const char* line, std::initializer_list<const char*> pieces) {
  StopConditions stop;
  stop.dedent_below = line;
  return Run(TextStream(stop), pieces);
}

}  // namespace

TEST(a_stop_pattern_ends_the_text_before_its_first_match) {
  CHECK_EQ(Run(TextStream(Patterns({"\\n\\S"})), {"a\n", " b", "\nc", "d"}), "a\n b|\nc");
  CHECK_EQ(Run(TextStream(Patterns({"\\d{3}"})), {"12", "a1", "23", "4"}), "12a|123");
  CHECK_EQ(Run(TextStream(Patterns({"[é😀]+!"})), {"x\xC3", "\xA9\xF0\x9F", "\x98\x80!"}),
           "x|é😀!");
  CHECK_EQ(Run(TextStream(Patterns({"x"})), {"abc"}), "abc|");
}

TEST(the_match_that_is_complete_first_wins_then_the_longest) {
  CHECK_EQ(Run(TextStream(Patterns({"a.*b", "bc", "c"})), {"xxabc"}), "xx|ab");
  CHECK_EQ(Run(TextStream(Patterns({"b", "a*b"})), {"xa", "ab"}), "x|aab");
  StopConditions stop = Patterns({"b+c"});
  stop.texts = {"abbc", "d"};
  CHECK_EQ(Run(TextStream(stop), {"xab", "bcd"}), "x|abbc");
}

TEST(a_stop_pattern_shows_no_part_of_a_match) {
  TextStream stream(Patterns({"\\s*\\n(?:def|class) "}));
  CHECK_EQ(stream.Append("return x\n"), "return x");
  CHECK_EQ(stream.Append("\n  "), "");
  CHECK_EQ(stream.Append("y\n\nde"), "\n\n  y");
  CHECK_EQ(stream.Append("f "), "");
  CHECK_EQ(stream.matched(), "\n\ndef ");
}

TEST(anchors_of_stop_patterns_are_the_ends_of_lines) {
  const RegexFlags multiline{.multiline = true};
  CHECK_EQ(Run(TextStream(Patterns({"^b"}, multiline)), {"a b\n", "b"}), "a b\n|b");
  CHECK_EQ(Run(TextStream(Patterns({"^b"}, multiline)), {"bc"}), "|b");
  CHECK_EQ(Run(TextStream(Patterns({"b$"}, multiline)), {"bc b", "\nc"}), "bc |b\n");
  CHECK_EQ(Run(TextStream(Patterns({"^b"})), {"a\nb"}), "a\nb|");
  CHECK_EQ(Run(TextStream(Patterns({"a(?=b)"})), {"aa", "b"}), "a|ab");
}

TEST(stop_patterns_have_bounds) {
  CHECK_EQ(Refusal("a*"), "stop: the regular expression matches the empty text");
  CHECK_EQ(Refusal("$", {.multiline = true}),
           "stop: the regular expression matches the empty text");
  CHECK_EQ(Refusal("[]"), "stop: the regular expression matches no text");
  CHECK(Refusal("a$").find("has $ without the flag m") != std::string::npos);
  CHECK(Refusal("(?<!a)b").find("lookbehind") != std::string::npos);
  CHECK(Refusal("a{3000}").find("more than 2000 states") != std::string::npos);
  CHECK(!Refusal("(x{0,100}y{0,100}){0,100}z").empty());
}

TEST(a_stop_pattern_holds_back_a_bounded_part_of_the_text) {
  TextStream stream(Patterns({"a.*b"}, {.dot_all = true}));
  std::string shown;
  for (int i = 0; i < 10'000; i++) shown += stream.Append("aéxy");
  CHECK(shown.size() >= 50'000 - TextStream::kMaxHeld - 4);
  CHECK(IsWholeText(shown));
  shown += stream.Append("b");
  CHECK(stream.stopped());
  CHECK_EQ(shown.size() + stream.matched().size(), 50'001U);
}

TEST(a_dedent_ends_the_text) {
  CHECK_EQ(Dedent("", {"    a\n", "\n      b\n    c", "\n\n  ", "\nd"}),
           "    a\n\n      b\n    c|\n\n  \nd");
  CHECK_EQ(Dedent("    x = ", {"1\n    y\n", "  z"}), "1\n    y|\n  z");
  CHECK_EQ(Dedent("  ", {"  a\n   b"}), "  a|\n   b");
  CHECK_EQ(Dedent("def f(): ", {"return\n\ndef g"}), "return\n\ndef g|");
  CHECK_EQ(Dedent("", {"\ta\r\n\tb\r\n       c"}), "\ta\r\n\tb|\r\n       c");
}
