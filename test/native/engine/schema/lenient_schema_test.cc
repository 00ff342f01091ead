#include "engine/schema/lenient_schema.h"

#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/grammar/grammar_automaton.h"
#include "engine/schema/schema_grammar.h"
#include "support/check.h"

using codellama::CompileLenientSchema;
using codellama::DroppedKeyword;
using codellama::Error;
using codellama::GrammarAutomaton;

namespace {

// A schema, its dropped keywords as "pointer keyword", and examples of the rest.
struct Example {
  const char* schema;
  std::vector<std::string> dropped;
  std::vector<const char*> valid;
  std::vector<const char*> invalid;
};

void Check(const Example& example) {
  auto [grammar, dropped] = CompileLenientSchema(example.schema, {});
  std::vector<std::string> names;
  for (const DroppedKeyword& each : dropped) {
    names.push_back(each.pointer + " " + each.keyword);
    CHECK(!each.reason.empty());
  }
  std::string all;
  for (const std::string& each : names) all += each + "; ";
  if (names != example.dropped) {
    check::Fail(__FILE__, __LINE__, std::string(example.schema) + " dropped " + all);
  }
  GrammarAutomaton automaton(grammar, nullptr);
  const auto accepts = [&](const char* text) {
    return automaton.IsComplete(automaton.Next(automaton.start(), text));
  };
  for (const char* text : example.valid) {
    if (!accepts(text)) check::Fail(__FILE__, __LINE__, std::string("must accept ") + text);
  }
  for (const char* text : example.invalid) {
    if (accepts(text)) check::Fail(__FILE__, __LINE__, std::string("must not accept ") + text);
  }
}

}  // namespace

TEST(lenient_schemas_enforce_everything_that_can_be_enforced) {
  const std::vector<Example> examples = {
      {R"({"type":"integer","minimum":3})", {}, {"3"}, {"2", "\"a\""}},
      {R"({"type":"string","pattern":"(?<=a)b","maxLength":2})",
       {" pattern"},
       {"\"xy\""},
       {"\"xyz\"", "1"}},
      {R"({"properties":{"a/b":{"pattern":"(a)\\1","minLength":2}},"required":["a/b"],"type":"object"})",
       {"/properties/a~1b pattern"},
       {R"({"a/b":"xy"})"},
       {R"({"a/b":"x"})", "{}"}},
      {R"({"$ref":"http://example.com/x","type":"null"})", {" $ref"}, {"null"}, {"1"}},
      {R"({"type":"array","items":{"allOf":[{"$ref":"#/$defs/u"}]},"$defs":{"u":{"type":"string","format":"regex"}}})",
       {"/$defs/u format"},
       {"[\"a\"]"},
       {"[1]"}},
  };
  for (const Example& each : examples) Check(each);
}

TEST(lenient_schemas_drop_a_whole_negation) {
  Check({R"({"type":"string","not":{"pattern":"(?<=a)b"},"maxLength":1})",
         {" not"},
         {"\"b\"", "\"\""},
         {"\"ab\"", "1"}});
  Check({R"({"if":{"properties":{"a":{"pattern":"(?<=a)b"}}},"then":false,"type":"object"})",
         {" if"},
         {"{}", R"({"a":"b"})"},
         {"1"}});
  // A property that is called "not" is no keyword.
  Check({R"({"type":"object","properties":{"not":{"pattern":"(?<=a)b","type":"string"}}})",
         {"/properties/not pattern"},
         {R"({"not":"b"})"},
         {R"({"not":1})"}});
}

TEST(lenient_schemas_turn_an_inexact_choice_into_an_inclusive_one) {
  Check(
      {R"({"oneOf":[{"type":"string","pattern":"(?<=a)b"},{"type":"string","pattern":"(?<=b)c"},{"type":"null"}]})",
       {" oneOf", "/oneOf/0 pattern", "/oneOf/1 pattern"},
       {"\"x\"", "null"},
       {"1"}});
}

TEST(lenient_schemas_drop_the_names_that_patterns_allow) {
  Check(
      {R"({"type":"object","patternProperties":{"(?<=a)b":{}},"additionalProperties":false,"minProperties":1})",
       {" patternProperties", " additionalProperties"},
       {R"({"x":1})"},
       {"{}"}});
}

TEST(lenient_schemas_still_reject_mistakes) {
  for (const char* schema : {
           R"({"type":"strin","pattern":"(?<=a)b"})",
           R"({"$ref":"#/nowhere"})",
           R"({"minLength":-1})",
           R"({"type":"string","minLength":3,"maxLength":2,"pattern":"(?<=a)b"})",
       }) {
    bool rejected = false;
    try {
      CompileLenientSchema(schema, {});
    } catch (const Error&) {
      rejected = true;
    }
    if (!rejected) check::Fail(__FILE__, __LINE__, schema);
  }
}

TEST(lenient_schemas_have_bounds) {
  std::string schema = "{\"type\":\"object\",\"properties\":{";
  for (int i = 0; i < 500; i++) {
    schema += "\"p" + std::to_string(i) + "\":{\"pattern\":\"(?<=a)b\"},";
  }
  schema += "\"last\":{}}}";
  bool rejected = false;
  try {
    CompileLenientSchema(schema, {});
  } catch (const Error&) {
    rejected = true;
  }
  CHECK(rejected);
}
