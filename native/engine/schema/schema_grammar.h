// Compiles a JSON schema (JSON Schema 2020-12) to a grammar. This is the entry point of schema/.
#pragma once

#include <atomic>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/grammar/grammar.h"
#include "engine/schema/lenient_schema.h"

namespace codellama {

struct SchemaOptions {
  bool compact = false;  // no whitespace between tokens of the JSON text
};

// `json` is a schema of draft 2020-12, or of the older draft that its `$schema` names. Every text
// of the grammar is JSON and valid against the schema. Properties may come in any order, unless the
// schema has `propertyOrdering`.
// Throws kInvalidGrammar, naming the JSON pointer and the keyword, if a keyword cannot be enforced
// or if no value is valid. Another thread sets `stop` to cancel: the function then throws kAborted.
// Null = it cannot be cancelled.
std::shared_ptr<const Grammar> CompileSchema(std::string_view json, const SchemaOptions& options,
                                             const std::atomic<bool>* stop = nullptr);

struct LenientGrammar {
  std::shared_ptr<const Grammar> grammar;
  std::vector<DroppedKeyword> dropped;
};

// Same as CompileSchema(), but drops keywords that cannot be enforced: see PlanLenientSchema().
LenientGrammar CompileLenientSchema(std::string_view json, const SchemaOptions& options,
                                    const std::atomic<bool>* stop = nullptr);

}  // namespace codellama
