#include <random>
#include <string>

#include "engine/base/error.h"
#include "engine/schema/schema_grammar.h"
#include "support/check.h"
#include "support/dead_ends.h"
#include "support/random_schema.h"

using namespace codellama;  // NOLINT: a test of one unit

namespace {

constexpr size_t kMaxStates = 3000;

void CheckDeadEnds(const std::string& schema) {
  try {
    const auto dead_end = FindDeadEnd(*CompileSchema(schema, {.compact = true}), kMaxStates);
    if (dead_end) check::Fail(__FILE__, __LINE__, schema + ": dead end after " + *dead_end);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kInvalidGrammar);
  }
}

}  // namespace

TEST(every_value_that_is_begun_can_be_completed) {
  std::mt19937 random(1);
  for (int i = 0; i < 500; i++) CheckDeadEnds(RandomSchema(&random, 3));
}

TEST(conditions_that_need_several_properties_or_items_fit_under_the_maximum) {
  for (
      const char* schema : {
          // Two properties must cover three conditions on names.
          R"({"type":"object","maxProperties":2,"not":{"anyOf":[
               {"patternProperties":{"^(a|b)$":false}},{"patternProperties":{"^(b|c)$":false}},
               {"patternProperties":{"^(d|e)$":false}}]}})",
          // An integer and a string need two items.
          R"({"maxItems":1,"allOf":[{"contains":{"type":"integer"}},{"contains":{"type":"string"}}]})",
          R"({"type":"array","items":{"type":"integer"},"contains":{"type":"string"}})",
          // After b, the order leaves no second property.
          R"({"properties":{"a":{},"b":{}},"additionalProperties":false,"minProperties":2,
               "propertyOrdering":["a","b"]})",
          // Three properties are needed: x alone implies two more.
          R"({"properties":{"x":{},"y":{},"z":{},"u":{},"v":{}},"additionalProperties":false,
               "minProperties":3,"maxProperties":3,"dependentRequired":
               {"x":["y","z"],"y":["x"],"z":["x"],"u":["v"],"v":["u"]}})",
      }) {
    CheckDeadEnds(schema);
  }
}
