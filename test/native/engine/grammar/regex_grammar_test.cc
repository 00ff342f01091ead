#include "engine/grammar/regex_grammar.h"

#include <string>

#include "engine/base/error.h"
#include "engine/grammar/grammar_automaton.h"
#include "support/check.h"

using namespace codellama;

namespace {

// Reads a text byte by byte: "no" if no text starts so, "more" if the text must go on, "whole" if
// it may end, "over" if nothing may follow.
std::string Read(const char* pattern, const std::string& text, const RegexFlags& flags = {}) {
  GrammarAutomaton automaton(CompileRegex(pattern, flags), nullptr);
  automaton.BeginQuery();
  const GrammarAutomaton::State state = automaton.Next(automaton.start(), text);
  if (state == GrammarAutomaton::kDead) return "no";
  if (automaton.IsOver(state)) return "over";
  return automaton.IsComplete(state) ? "whole" : "more";
}

std::string Refusal(const char* pattern) {
  try {
    CompileRegex(pattern, {});
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kInvalidGrammar);
    return error.what();
  }
  return "";
}

}  // namespace

TEST(regex_grammar_reads_whole_texts) {
  CHECK_EQ(Read("yes|no", "yes"), "over");
  CHECK_EQ(Read("yes|no", "ye"), "more");
  CHECK_EQ(Read("yes|no", "yet"), "no");
  CHECK_EQ(Read("^\\d+$", "12"), "whole");
  CHECK_EQ(Read("a{2,3}", "a"), "more");
  CHECK_EQ(Read("YES", "yEs", {.ignore_case = true}), "over");
  CHECK_EQ(Read("", ""), "over");
}

TEST(regex_grammar_reads_characters_byte_by_byte) {
  CHECK_EQ(Read("[é😀]", "\xC3"), "more");
  CHECK_EQ(Read("[é😀]", "\xC3\xA9"), "over");
  CHECK_EQ(Read("[é😀]", "\xC3\xA8"), "no");
  CHECK_EQ(Read("[é😀]", "\xF0\x9F\x98"), "more");
  CHECK_EQ(Read(".", "\xE2\x82"), "more");
  CHECK_EQ(Read(".", "\xE2\x80\xA8"), "no");  // a line separator
  CHECK_EQ(Read(".", "\xC0"), "no");
  CHECK_EQ(Read("[^a]", "\xED\xA0"), "no");  // a surrogate
}

TEST(regex_grammar_refuses_patterns_without_texts) {
  for (const char* pattern : {"$a", "[]", "\\ud800", "(?!a)(?=a)a"}) {
    CHECK_EQ(Refusal(pattern), "regex: no text matches the regular expression");
  }
  CHECK_EQ(Read("a|\\ud800b", ""), "more");
  CHECK_EQ(Refusal("a(?<=b)"),
           "regex: the regular expression has a lookbehind, which cannot be enforced, at byte 5");
}

TEST(regex_grammar_can_be_cancelled) {
  const std::atomic<bool> stop = true;
  bool aborted = false;
  try {
    CompileRegex("(a|b)*c", {}, &stop);
  } catch (const Error& error) {
    aborted = error.code() == ErrorCode::kAborted;
  }
  CHECK(aborted);
}
