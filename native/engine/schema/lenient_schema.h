// Lenient compilation: keywords that cannot be enforced are dropped and reported.
#pragma once

#include <string>
#include <vector>

#include "engine/schema/json_value.h"
#include "engine/schema/schema_plan.h"

namespace codellama {

// A keyword of a schema that is not enforced.
struct DroppedKeyword {
  std::string pointer;  // JSON pointer of the schema that has the keyword. "" = the root
  std::string keyword;
  std::string reason;
};

struct LenientPlan {
  SchemaPlan plan;
  std::vector<DroppedKeyword> dropped;
};

// Plans the schema without the keywords that cannot be enforced. All other keywords are enforced.
// Inside `not` and `if` dropping a keyword would forbid valid values, so the whole `not` or `if` is
// dropped. A `oneOf` that cannot be enforced counts as `anyOf`.
// Throws kInvalidGrammar if the schema is malformed, if no value meets the rest of it, or if more
// than 100 keywords cannot be enforced.
LenientPlan PlanLenientSchema(JsonValue schema);

}  // namespace codellama
