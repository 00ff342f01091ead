// A JSON schema as a grammar.
#pragma once

#include <atomic>
#include <memory>
#include <string_view>

#include "engine/grammar/grammar.h"

namespace codellama {

struct SchemaOptions {
  bool compact = false;  // no space between the parts of a value
};

// Properties come in any order; a schema's `propertyOrdering` fixes it. Reads a JSON schema of
// draft 2020-12, or of the older draft that its `$schema` names. Every text of the grammar is JSON
// and valid. Throws kInvalidGrammar, naming the JSON pointer and the keyword, for what cannot be
// enforced, and for a schema that no value meets. `stop` may be null; kAborted soon after it turns
// true.
std::shared_ptr<const Grammar> CompileSchema(std::string_view json, const SchemaOptions& options,
                                             const std::atomic<bool>* stop = nullptr);

}  // namespace codellama
