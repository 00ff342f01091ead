#include "engine/grammar/forced_text.h"

#include <memory>
#include <string>
#include <vector>

#include "engine/grammar/grammar_matcher.h"
#include "engine/grammar/rule_grammar.h"
#include "engine/llama/backend.h"
#include "engine/llama/model.h"
#include "engine/schema/schema_grammar.h"
#include "support/check.h"

using namespace codellama;

namespace {

// Code Llama's vocabulary.
const Tokenizer& TinyTokenizer() {
  static const auto model = [] {
    InitializeBackends();
    ModelOptions options;
    options.path = TINY_MODEL;
    options.vocabulary_only = true;
    return Model::Load(options, {}, [](float) { return true; });
  }();
  return model->tokenizer();
}

std::shared_ptr<const Grammar> Gbnf(const std::string& text) {
  return std::make_shared<const RuleGrammar>(ParseGrammar(text));
}

std::shared_ptr<const Grammar> Compact(const std::string& schema) {
  return CompileSchema(schema, {.compact = true});
}

// The bytes that must follow after `text`.
std::string ForcedAfter(const std::shared_ptr<const Grammar>& grammar, const std::string& text) {
  GrammarAutomaton automaton(grammar, nullptr);
  return ForcedText(&automaton, automaton.Next(automaton.start(), text));
}

// The pieces of the tokens that must follow after `text`.
std::vector<std::string> PiecesAfter(const std::shared_ptr<const Grammar>& grammar,
                                     const std::string& text) {
  GrammarMatcher matcher(std::make_shared<GrammarAutomaton>(grammar, nullptr));
  if (!text.empty()) matcher.Append(text);
  std::vector<std::string> pieces;
  for (const Token token : matcher.ForcedTokens(TinyTokenizer())) {
    pieces.push_back(TinyTokenizer().Piece(token));
  }
  return pieces;
}

using Pieces = std::vector<std::string>;

const char kOrder[] = R"({"type": "object", "additionalProperties": false, "required": ["id"],
  "properties": {"id": {"type": "integer"}, "customer": {"type": "string"},
                 "state": {"enum": ["open", "closed"]}}})";

}  // namespace

TEST(ForcedTextEndsWhereTheModelHasAChoice) {
  CHECK_EQ(ForcedAfter(Gbnf("root ::= \"yes\" (\"!\" | \"?\")"), ""), "yes");
  CHECK_EQ(ForcedAfter(Gbnf("root ::= \"abc\" | \"abd\""), ""), "ab");
  CHECK_EQ(ForcedAfter(Gbnf("root ::= \"abc\" | \"abd\""), "abc"), "");
  // The text may end after "ab".
  CHECK_EQ(ForcedAfter(Gbnf("root ::= \"ab\" \"cd\"?"), ""), "ab");
  CHECK_EQ(ForcedAfter(Gbnf("root ::= \"ab\" \"cd\"?"), "ab"), "");
  CHECK_EQ(ForcedAfter(Gbnf("root ::= \"ab\" \"cd\"?"), "abc"), "d");
  // Two readings of the same text.
  CHECK_EQ(ForcedAfter(Gbnf("root ::= a | b\na ::= \"same\" \"1\"\nb ::= \"same\" \"2\""), ""),
           "same");
  // The text has left the grammar.
  CHECK_EQ(ForcedAfter(Gbnf("root ::= \"yes\""), "no"), "");
}

TEST(ForcedTextOfASchemaIsPunctuationAndTheRestOfNames) {
  const auto compact = Compact(kOrder);
  CHECK_EQ(ForcedAfter(compact, ""), "{\"");
  CHECK_EQ(ForcedAfter(compact, "{\"c"), "ustomer\":\"");
  CHECK_EQ(ForcedAfter(compact, "{\"id\":12"), "");
  CHECK_EQ(ForcedAfter(compact, "{\"customer\":\"x\""), ",\"");
  CHECK_EQ(ForcedAfter(compact, "{\"id\":1,\"state\":\"o"), "pen\"");
  // Whitespace is a choice everywhere between two tokens of JSON.
  const auto free = CompileSchema(kOrder, {});
  CHECK_EQ(ForcedAfter(free, ""), "{");
  CHECK_EQ(ForcedAfter(free, "{"), "");
  CHECK_EQ(ForcedAfter(free, "{\"c"), "ustomer\"");
  CHECK_EQ(ForcedAfter(free, "{\"id\": 1, \"state\": \"o"), "pen\"");
}

TEST(ForcedTextIsBounded) {
  const auto endless = Gbnf("root ::= \"ab\" root");
  CHECK_EQ(ForcedAfter(endless, "").size(), kLongestForcedText);
  CHECK(!PiecesAfter(endless, "").empty());
  // Very many readings of one forced text count as a choice.
  std::string ambiguous = "root ::=";
  for (int i = 0; i < 60; i++) ambiguous += " (\"a\" | \"a\" \"a\")";
  CHECK_EQ(ForcedAfter(Gbnf(ambiguous), std::string(50, 'a')), "");
  CHECK(!ForcedAfter(Gbnf(ambiguous), "aa").empty());
}

TEST(ForcedTokensSpellTheTextAsTheTokenizerDoes) {
  CHECK_EQ(PiecesAfter(Gbnf("root ::= \"return x;\""), ""), (Pieces{"return", " x", ";"}));
  // No dummy space stands before a text that continues another one, and a space is kept.
  CHECK_EQ(PiecesAfter(Gbnf("root ::= \" return x;\""), ""), (Pieces{" return", " x", ";"}));
  CHECK_EQ(PiecesAfter(Gbnf("root ::= \"a\\n\\tb\\n\""), ""), (Pieces{"a", "\n", "\t", "b", "\n"}));
  CHECK_EQ(PiecesAfter(Gbnf("root ::= \"é漢\""), ""), (Pieces{"é", "漢"}));
  // A character without a token is spelled by its bytes.
  CHECK_EQ(PiecesAfter(Gbnf("root ::= \"🦙\""), ""), (Pieces{"\xF0", "\x9F", "\xA6", "\x99"}));
  // Names of control tokens are plain text.
  std::string spelled;
  for (const std::string& piece : PiecesAfter(Gbnf("root ::= \" <PRE> <EOT></s>\""), "")) {
    CHECK(!piece.empty());
    spelled += piece;
  }
  CHECK_EQ(spelled, " <PRE> <EOT></s>");
}

TEST(ForcedTokensLeaveTokensToTheModelThatALongerTokenMayReplace) {
  // `println` and `printf` are tokens: `print` must not take the choice from the model.
  CHECK_EQ(PiecesAfter(Gbnf("root ::= \"x print\" (\"ln\" | \"f\")"), ""), Pieces{"x"});
  // No token continues `print` with a digit.
  CHECK_EQ(PiecesAfter(Gbnf("root ::= \"x print\" [0-9]"), ""), (Pieces{"x", " print"}));
  // Only the last quotation mark may become `":`.
  CHECK_EQ(PiecesAfter(Gbnf("root ::= \"customer_name\\\"\" (\":\" | \" :\")"), ""),
           (Pieces{"customer", "_", "name"}));
  // Nothing may follow the end of the text.
  CHECK_EQ(PiecesAfter(Gbnf("root ::= \"customer_name\\\"\""), ""),
           (Pieces{"customer", "_", "name", "\""}));
}

TEST(ForcedTokensKeepCharactersWhole) {
  // U+00E9 and U+00EA share their first byte.
  CHECK_EQ(PiecesAfter(Gbnf("root ::= \"total: \" (\"é\" | \"ê\")"), ""), (Pieces{"total", ":"}));
  CHECK_EQ(PiecesAfter(Gbnf("root ::= \"é!\""), "\xC3"), Pieces{});
}

TEST(ForcedTokensAreTheTokensOfTheWholeText) {
  // At each token of a whole text, the forced tokens are the next tokens of the text.
  const std::string texts[] = {
      R"({"id":7,"customer":"J. \"Jo\" Smith","state":"closed"})",
      R"({"state":"open","id":-1200})",
      R"({"customer":"","id":0})",
  };
  const auto grammar = Compact(kOrder);
  const Tokenizer& tokenizer = TinyTokenizer();
  for (const std::string& text : texts) {
    GrammarMatcher matcher(std::make_shared<GrammarAutomaton>(grammar, nullptr));
    const auto tokens = tokenizer.Encode({PromptText{.text = text, .inside = true}}, 1000);
    size_t forced = 0;  // places with forced tokens
    for (size_t at = 0; at < tokens.size(); at++) {
      const std::vector<Token> next = matcher.ForcedTokens(tokenizer);
      for (size_t i = 0; i < next.size(); i++) {
        CHECK_EQ(tokenizer.Piece(next[i]), tokenizer.Piece(tokens.at(at + i)));
      }
      if (!next.empty()) forced++;
      matcher.Append(tokenizer.Piece(tokens[at]));
    }
    CHECK(matcher.IsOver());
    CHECK(forced >= 1);
  }
}

TEST(ForcedTokensDoNotDependOnEarlierQueries) {
  const auto grammar = Compact(kOrder);
  const auto automaton = std::make_shared<GrammarAutomaton>(grammar, nullptr);
  GrammarMatcher first(automaton);
  GrammarMatcher second(automaton);
  const std::vector<Token> begin = first.ForcedTokens(TinyTokenizer());
  first.Append("{\"id\":1,\"s");
  CHECK_EQ(first.ForcedTokens(TinyTokenizer()), first.ForcedTokens(TinyTokenizer()));
  CHECK_EQ(second.ForcedTokens(TinyTokenizer()), begin);
}
