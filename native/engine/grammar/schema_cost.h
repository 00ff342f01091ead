// Estimates how long llama.cpp's converter takes for a JSON schema. The converter cannot be
// stopped, and its time grows with the third power of the number of optional properties of an
// object.
#pragma once

struct common_chat_schema_document;

namespace codellama {

// Throws kInvalidGrammar for a schema that would take longer than about half a second, or that
// contains an endless chain of references.
void RequireAffordable(const common_chat_schema_document& document);

}  // namespace codellama
