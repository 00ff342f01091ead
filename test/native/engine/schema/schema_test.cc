#include "engine/schema/schema_grammar.h"

#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/grammar/grammar_automaton.h"
#include "support/check.h"

using codellama::CompileSchema;
using codellama::Error;
using codellama::ErrorCode;
using codellama::GrammarAutomaton;

namespace {

bool Accepts(const std::string& schema, const std::string& text, bool compact = false) {
  GrammarAutomaton automaton(CompileSchema(schema, {compact}), nullptr);
  return automaton.IsComplete(automaton.Next(automaton.start(), text));
}

std::string Refusal(const std::string& schema) {
  try {
    CompileSchema(schema, {});
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kInvalidGrammar);
    return error.what();
  }
  return "";
}

struct Example {
  const char* schema;
  std::vector<const char*> valid;
  std::vector<const char*> invalid;
};

void Check(const std::vector<Example>& examples) {
  for (const auto& [schema, valid, invalid] : examples) {
    for (const char* text : valid) {
      if (!Accepts(schema, text))
        check::Fail(__FILE__, __LINE__, std::string(schema) + " must accept " + text);
    }
    for (const char* text : invalid) {
      if (Accepts(schema, text))
        check::Fail(__FILE__, __LINE__, std::string(schema) + " must not accept " + text);
    }
  }
}

}  // namespace

TEST(an_empty_schema_accepts_any_json) {
  Check({{"{}",
          {R"({"a": [1, 2.5e3, null, {"b": "\u00e9\n"}], "c": true})", "\"\\ud83d\\ude00😀\"", "-0",
           "[]"},
          {"{a", "01", "\"\n\"", "[1,]", "{\"a\":1,}", "nul", "\"\\x\"", "\"\\ud800\"",
           "\"\xC0\x80\"", "\"\xF0\x80\xA0\x80\"", "\"\xED\xA0\x80\"", "\"\xE0\x80\x80\"", ""}}});
  CHECK(Accepts("{}", "{\"a\":[1,2]}", true));
  CHECK(!Accepts("{}", "{\"a\": [1,2]}", true));
}

TEST(schemas_of_numbers_and_strings) {
  Check({
      {R"({"type":"integer","minimum":100})", {"100", "1000"}, {"11", "99", "-100", "100.5"}},
      {R"({"type":"number","minimum":0,"maximum":1})",
       {"0", "0.25", "1", "1.0"},
       {"1.01", "-0.1", "12"}},
      {R"({"type":"number","exclusiveMinimum":0,"multipleOf":0.5})", {"0.5", "12"}, {"0", "0.25"}},
      {R"({"type":"string","pattern":"^.{4,12}$"})",
       {R"("abcd")", R"("\u00e9\"\\x")"},
       {R"("abc")"}},
      {R"({"type":"string","minLength":2,"maxLength":3})",
       {R"("éé")", R"("\n\n\n")"},
       {R"("é")", R"("abcd")"}},
      {R"({"type":"string","pattern":"a","maxLength":2})", {R"("xa")"}, {R"("xxa")", R"("xx")"}},
      {R"({"enum":["a",1,null,{"x":[1]},true]})",
       {R"("a")", "1", "null", R"({"x":[1]})", "true"},
       {R"("b")", "2", R"({"x":[]})", "false", "{}"}},
      {R"({"type":"string","format":"date"})",
       {R"("2024-02-29")"},
       {R"("2023-02-29")", R"("2024-13-01")"}},
      {R"({"type":"string","format":"ipv6"})",
       {R"("::1")", R"("1:2:3:4:5:6:7:8")"},
       {R"("1::2::3")"}},
      {R"({"type":"string","format":"hostname"})",
       {R"("example.com")", R"("a.b-c.d1")",
        R"("my-load-balancer-1234567890abcdef.namespace-of-a-long-name.svc.cluster.local")"},
       {R"("-a")", R"("a-.b")", R"("a..b")", R"("xn--a")", R"("b.xn--a")", R"("")"}},
      {R"({"type":"string","format":"uri"})",
       {R"("x:a")", R"("x:/")", R"("x://")", R"("http://a.b/?c#d")"},
       {R"("x:")", R"("x:?a")", R"("x:#")", R"("a.b")"}},
      {R"({"type":"string","format":"uri-reference"})", {R"("x:")", R"("")"}, {R"("a b")"}},
      {R"({"type":"string","format":"iri"})",
       {R"("http://ƒøø.ßår/?∂éœ=πîx#πîüx")", R"("http://[v1.fe]")"},
       {R"("//ƒøø.ßår")", R"("http://a b")"}},
      {R"({"type":"string","format":"uri-template"})",
       {R"("/x/{term:1}/{?a,b*}")"},
       {R"("/{term")", R"("{}")", R"("{+}")"}},
      {R"({"type":"string","format":"color"})", {R"("any")"}, {"1"}},
  });
}

TEST(schemas_of_objects) {
  Check({
      {R"({"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"string"}},"required":["a"]})",
       {R"({"a":1})", R"({"b":"x","a":1})", R"({"a":1,"c":null})"},
       {R"({"b":"x"})", R"({"a":"1"})", R"({"a":1,"a":1})", R"({"\u0061":1,"a":"x"})"}},
      {R"({"type":"object","additionalProperties":false,"properties":{"a":{}}})",
       {"{}", R"({"a":[]})"},
       {R"({"b":1})", R"({"aa":1})"}},
      {R"({"type":"object","patternProperties":{"^x":{"type":"integer"}},"additionalProperties":{"type":"string"}})",
       {R"({"x1":1,"y":"s"})"},
       {R"({"x1":"s"})", R"({"y":1})"}},
      {R"({"type":"object","propertyNames":{"maxLength":2}})", {R"({"ab":1})"}, {R"({"abc":1})"}},
      {R"({"type":"object","minProperties":1,"maxProperties":2})",
       {R"({"a":1})"},
       {"{}", R"({"a":1,"b":1,"c":1})"}},
      {R"({"type":"object","patternProperties":{"^[a-d]$":{}},"additionalProperties":false,"minProperties":3})",
       {R"({"a":1,"b":1,"d":1})"},
       {R"({"a":1,"b":1})", R"({"a":1,"a":1,"b":1})"}},
      {R"({"type":"object","dependentRequired":{"a":["b"]}})",
       {R"({"b":1,"a":1})", "{}"},
       {R"({"a":1})"}},
      {R"({"type":"object","dependentSchemas":{"a":{"properties":{"b":{"type":"string"}},"required":["b"]}}})",
       {R"({"a":1,"b":"x"})", R"({"b":1})"},
       {R"({"a":1,"b":1})", R"({"a":1})"}},
      {R"({"type":"object","properties":{"a":{}},"unevaluatedProperties":false,"anyOf":[{"properties":{"b":{}},"required":["b"]},{"properties":{"c":{}}}]})",
       {R"({"a":1,"b":1})", R"({"c":1})", R"({"b":1,"c":1})"},
       {R"({"d":1})"}},
  });
}

TEST(property_ordering_fixes_the_order_of_properties) {
  Check(
      {{R"({"type":"object","properties":{"a":{},"b":{}},"required":["a"],"propertyOrdering":["b","a"]})",
        {R"({"b":1,"a":1})", R"({"x":1,"a":1,"y":1})"},
        {R"({"a":1,"b":1})"}}});
}

TEST(a_value_has_no_space_around_it) {
  CHECK(Accepts("{}", "{\n  \"a\": [\n    1\n  ]\n}"));
  CHECK(!Accepts("{}", " 1"));
  CHECK(!Accepts("{}", "1 "));
  CHECK(!Accepts("{}", "[1,   2]"));
}

TEST(schemas_of_arrays) {
  Check({
      {R"({"type":"array","items":{"type":"integer"},"minItems":1,"maxItems":2})",
       {"[1]", "[1, 2]"},
       {"[]", "[1,2,3]", "[\"a\"]"}},
      {R"({"type":"array","prefixItems":[{"type":"string"}],"items":false})",
       {"[]", "[\"a\"]"},
       {"[1]", "[\"a\",1]"}},
      {R"({"type":"array","contains":{"type":"integer"},"minContains":2,"maxContains":2})",
       {"[1,\"a\",2]"},
       {"[1]", "[1,2,3]"}},
      {R"({"type":"array","items":{"enum":["a","b",1]},"uniqueItems":true})",
       {"[\"b\",1,\"a\"]", "[]"},
       {"[1,1]"}},
      {R"({"type":"array","contains":{"type":"integer"},"unevaluatedItems":{"type":"null"}})",
       {"[1]", "[null,1,2]"},
       {"[null]", "[1,\"a\"]"}},
      {R"({"anyOf":[{"type":"null"},{"not":{"items":{"type":"string"}}}],"unevaluatedItems":false})",
       {"null"},
       {"[1]", "[]"}},
      {R"({"type":"array","not":{"prefixItems":[{"type":"string"}],"items":{"type":"integer"}}})",
       {"[1]", "[\"a\",\"b\"]", "[\"a\",1,null]"},
       {"[]", "[\"a\"]", "[\"a\",1]"}},
      {R"({"$schema":"http://json-schema.org/draft-07/schema#","type":"array","items":[{"type":"string"}],"additionalItems":{"type":"null"}})",
       {"[\"a\",null]"},
       {"[\"a\",1]"}},
  });
}

TEST(schemas_that_combine_schemas) {
  Check({
      {R"({"allOf":[{"$ref":"#/$defs/s"},{"maxLength":2}],"$defs":{"s":{"type":"string"}}})",
       {R"("ab")"},
       {"1", R"("abc")"}},
      {R"({"oneOf":[{"type":"integer"},{"type":"number","minimum":2}]})",
       {"1", "2.5"},
       {"3", "1.5"}},
      {R"({"properties":{"k":{}},"required":["k"],"oneOf":[{"properties":{"k":{"const":"a"},"x":{}},"required":["x"]},{"properties":{"k":{"const":"b"}}}]})",
       {R"({"k":"b"})", R"({"k":"a","x":1})"},
       {R"({"k":"a"})", R"({"x":1})"}},
      {R"({"not":{"type":["string","object"]}})", {"1", "[]"}, {R"("a")", "{}"}},
      {R"({"type":"object","not":{"required":["a"]}})", {R"({"b":1})"}, {R"({"a":1})"}},
      {R"({"type":"object","not":{"additionalProperties":false,"properties":{"a":{}}}})",
       {R"({"b":1})", R"({"a":1,"b":1})"},
       {"{}", R"({"a":1})"}},
      {R"({"type":"object","not":{"not":{"patternProperties":{"^a":{"type":"integer"}},"additionalProperties":{"type":"null"}}}})",
       {"{}", R"({"a1":1,"b":null})"},
       {R"({"a1":null})", R"({"b":1})"}},
      {R"({"type":"object","if":{"properties":{"k":{"const":1}},"required":["k"]},"then":{"required":["x"]},"else":{"required":["y"]}})",
       {R"({"k":1,"x":0})", R"({"k":2,"y":0})"},
       {R"({"k":1,"y":0})", R"({"x":0})"}},
      {R"({"type":"array","items":{"$ref":"#"}})", {"[]", "[[],[[]]]"}, {"[1]"}},
      {R"({"$id":"http://x/","$ref":"b","$defs":{"b":{"$id":"b","$anchor":"c","type":"null"}}})",
       {"null"},
       {"1"}},
      {R"({"$ref":"#/$defs/a%3Cb~1c","$defs":{"a<b/c":{"type":"null"}}})", {"null"}, {"1"}},
      {R"({"type":"object","properties":{"next":{"anyOf":[{"$ref":"#"},{"type":"null"}]}},"required":["next"],"additionalProperties":false})",
       {R"({"next":{"next":null}})"},
       {R"({"next":{}})"}},
  });
}

// The library writes fewer host names and times than validators accept. The opposite of a format
// must exclude all of them.
TEST(the_opposite_of_a_format_excludes_every_text_that_a_validator_may_accept) {
  Check({
      {R"({"type":"string","not":{"format":"hostname"}})",
       {"\"a b\"", "\"a@b\""},
       {"\"a.b\"", "\"a.b.c.d.e.f\"", "\"xn--a\""}},
      {R"({"type":"string","not":{"not":{"format":"email"}}})", {"\"a@b.c\""}, {"\"a\""}},
      {R"({"type":"string","not":{"format":"ipv4"}})", {"\"1.2.3\""}, {"\"1.2.3.4\""}},
      {R"({"oneOf":[{"type":"string","format":"date"},{"type":"string","format":"date-time"}]})",
       {"\"2024-02-29\"", "\"2024-02-29T10:00:00Z\""},
       {"\"2024\""}},
      {R"({"type":"string","if":{"format":"email"},"then":{"maxLength":6}})",
       {"\"a@b.co\"", "\"longer than six\""},
       {"\"longer@b.co\""}},
  });
}

TEST(a_rejected_schema_names_the_place_and_the_keyword) {
  const struct {
    const char* schema;
    const char* message;
  } cases[] = {
      {"{", "not JSON"},
      {"[1]", "/: a schema must be an object"},
      {R"({"type":"strin"})", "\"type\""},
      {R"({"$ref":"#/nowhere"})", "#/nowhere"},
      {R"({"properties":{"a":{"pattern":"(a"}}})", "/properties/a: \"pattern\""},
      {R"({"type":"array","minItems":5,"maxItems":2})", "no value meets the schema"},
      {R"({"$ref":"#"})", "refers to itself"},
      {R"({"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]})", "no value meets"},
      {R"({"properties":{"a":{"uniqueItems":true}}})", "/properties/a: \"uniqueItems\""},
      {R"({"items":{"allOf":[{"$ref":"#/$defs/u"}]},"$defs":{"u":{"uniqueItems":true}}})",
       "/$defs/u: \"uniqueItems\" cannot be enforced"},
      {R"({"type":"string","format":"idn-hostname"})", "\"format\""},
      {R"({"minLength":-1})", "\"minLength\""},
      {R"({"$ref":"http://example.com/x"})", "not in the schema"},
  };
  for (const auto& [schema, message] : cases) {
    const std::string refusal = Refusal(schema);
    if (refusal.find(message) == std::string::npos) {
      check::Fail(__FILE__, __LINE__, std::string(schema) + ": " + refusal);
    }
  }
}

TEST(schemas_have_bounds) {
  std::string deep;
  for (int i = 0; i < 10'000; i++) deep += "{\"not\":";
  CHECK(!Refusal(deep + "{}" + std::string(10'000, '}')).empty());
  std::string product = "{\"allOf\":[";
  for (int i = 0; i < 20; i++) {
    const std::string name = std::to_string(i);
    product +=
        "{\"anyOf\":[{\"required\":[\"a" + name + "\"]},{\"required\":[\"b" + name + "\"]}]},";
  }
  CHECK(!Refusal(product + "{}]}").empty());
  CHECK(Accepts(R"({"type":"array","maxItems":1000000000})", "[1]"));
  CHECK(!Refusal(R"({"type":"string","minLength":1000000000})").empty());
}
