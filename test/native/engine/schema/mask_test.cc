#include <algorithm>
#include <string>
#include <vector>

#include "engine/grammar/grammar_automaton.h"
#include "engine/regex/regex.h"
#include "engine/schema/plain_depth.h"
#include "engine/schema/schema_grammar.h"
#include "support/check.h"

using codellama::CompileSchema;
using codellama::GrammarAutomaton;
using codellama::PlainDepths;
using codellama::PlainLength;
using codellama::SortedPieces;
using codellama::Token;
using codellama::TokenTries;

namespace {

// All bytes, all texts of up to three of some characters, and a few long texts.
SortedPieces Pieces() {
  std::vector<std::string> texts;
  for (int byte = 0; byte < 256; byte++) texts.emplace_back(1, static_cast<char>(byte));
  const std::vector<std::string> characters = {"a", "b", "z", "0", " ", "\"", "\\", "u",
                                               ",", ":", "{", "}", "[", "]",  "é",  "日"};
  std::vector<std::string> shorter = {""};
  for (int length = 1; length <= 3; length++) {
    std::vector<std::string> longer;
    for (const std::string& text : shorter) {
      for (const std::string& character : characters) longer.push_back(text + character);
    }
    texts.insert(texts.end(), longer.begin(), longer.end());
    shorter = std::move(longer);
  }
  for (const char* text :
       {"aaaa", "aaaaaa", "aaaaaaa", "azazazazaz", "日日日日", "      ", "\": \"", "aaaa\"",
        "\\u00", "\xC3", "a\xE6\x97", "\n  ", "true", "null"}) {
    texts.emplace_back(text);
  }
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  SortedPieces pieces;
  for (const std::string& text : texts) {
    pieces.emplace_back(text, static_cast<Token>(pieces.size()));
  }
  return pieces;
}

}  // namespace

TEST(masks_have_exactly_the_tokens_that_may_follow) {
  const SortedPieces pieces = Pieces();
  const auto tries = std::make_shared<TokenTries>(pieces, static_cast<int32_t>(pieces.size()));
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"{}", R"({"aé\u00e9": ["日", {"b": "z"}, -1.5e3]})"},
      {R"({"type": "string", "maxLength": 12})", R"("aaaaaa日aaaaa")"},
      {R"({"type": "string", "maxLength": 2})", R"("ab")"},
      {R"({"type": "string", "minLength": 3, "pattern": "^a"})", R"("abz0")"},
      {R"({"type": "string", "pattern": "^[a-z]*$"})", R"("azb")"},
      {R"({"type": "string", "pattern": "^[^é]*$"})", R"("a日")"},
      {R"({"type": "string", "pattern": "^[^a\"]{9}é*$"})", R"("bbb00zzzzé")"},
      {R"({"properties": {"ab": {"type": "integer"}, "aba": true}, "maxProperties": 3})",
       R"({"aba": {}, "ab": 0, "az": "\"a"})"},
      {R"({"properties": {"ab": true}, "additionalProperties": false})", R"({"ab": "a"})"},
      {R"({"properties": {"ab": false}, "patternProperties": {"^a": {"type": "string"}}})",
       R"({"a日": "a", "b": [0]})"},
      {R"({"propertyNames": {"maxLength": 4}, "minProperties": 1})", R"({"abab": 0})"},
      {R"({"anyOf": [{"maxLength": 3}, {"pattern": "^a*$"}], "type": "string"})", R"("aaaaa")"},
  };
  for (const auto& [schema, text] : cases) {
    GrammarAutomaton automaton(CompileSchema(schema, {}), tries);
    for (size_t length = 0; length <= text.size(); length++) {
      automaton.BeginQuery();
      const auto state = automaton.Next(automaton.start(), text.substr(0, length));
      CHECK(state != GrammarAutomaton::kDead);
      const codellama::TokenMask mask = automaton.AllowedTokens(state);
      for (const auto& [piece, token] : pieces) {
        const auto index = static_cast<size_t>(token);
        const bool is_in_mask = (mask[index / 64] >> (index % 64) & 1) != 0;
        const bool may_follow = automaton.Next(state, piece) != GrammarAutomaton::kDead;
        if (is_in_mask == may_follow) continue;
        check::Fail(__FILE__, __LINE__,
                    schema + " after " + text.substr(0, length) + ": token " + piece);
      }
    }
  }
}

TEST(plain_length_counts_characters_that_a_json_string_holds_as_they_are) {
  CHECK_EQ(PlainLength("aé日😀"), 4U);
  CHECK_EQ(PlainLength("a b\x7F"), 4U);
  for (const char* text : {"", "a\"", "\\", "a\n", "\x1F", "\xC3", "a\xE6\x97", "\xED\xA0\x80"}) {
    CHECK_EQ(PlainLength(text), 0U);
  }
}

TEST(plain_depths_count_the_characters_that_may_certainly_follow) {
  const auto depth = [](const char* pattern) {
    return PlainDepths(*codellama::WholeMatches(pattern), [](uint32_t) { return true; })[0];
  };
  CHECK_EQ(depth("[^]*"), UINT32_MAX);
  CHECK_EQ(depth("[^\"\\\\\\x00-\\x1f]*"), UINT32_MAX);
  CHECK_EQ(depth("[^]{0,9}"), 9U);
  CHECK_EQ(depth("[^]{4}[^a]*"), 4U);
  CHECK_EQ(depth("[^a]*"), 0U);
  CHECK_EQ(depth("[^\\uffff]*"), 0U);
  CHECK_EQ(depth(""), 0U);
}
