// JSON Schema as a grammar, by llama.cpp's own converter.
#pragma once

#include <string>

namespace codellama {

// GBNF for the JSON that a schema, given as JSON, describes. Throws kInvalidGrammar for what is no
// schema, or says what a grammar cannot.
std::string JsonSchemaToGrammar(const std::string& schema);

}  // namespace codellama
