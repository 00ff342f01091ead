// What llama.cpp's converter of JSON schemas would take, estimated before it begins: it cannot be
// stopped, and its time grows with the third power of an object's optional properties.
#pragma once

struct common_chat_schema_document;

namespace codellama {

// Throws kInvalidGrammar for a schema that would take longer than about half a second, or that
// refers to itself without an end.
void RequireAffordable(const common_chat_schema_document& document);

}  // namespace codellama
