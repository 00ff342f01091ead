// Converts JSON Schema to a grammar with llama.cpp's converter.
#pragma once

#include <string>

namespace codellama {

// GBNF for a JSON Schema, given as JSON text. Throws kInvalidGrammar for an invalid schema, and for
// one that a grammar cannot express.
std::string JsonSchemaToGrammar(const std::string& schema);

}  // namespace codellama
