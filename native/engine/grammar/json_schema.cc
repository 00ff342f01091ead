#include "engine/grammar/json_schema.h"

#include <cstdio>
#include <exception>
#include <stdexcept>

#include "common.h"
#include "engine/base/error.h"
#include "engine/grammar/schema_cost.h"

// The converter needs these three functions of llama.cpp's common library. Linking them from there
// would bring in the rest of that library.
std::string string_join(const std::vector<std::string>& values, const std::string& separator) {
  std::string joined;
  for (const std::string& value : values) {
    if (&value != &values.front()) joined += separator;
    joined += value;
  }
  return joined;
}

std::vector<std::string> string_split(const std::string& text, const std::string& delimiter) {
  std::vector<std::string> parts;
  size_t start = 0;
  for (size_t end = 0; (end = text.find(delimiter, start)) != std::string::npos;) {
    parts.push_back(text.substr(start, end - start));
    start = end + delimiter.size();
  }
  parts.push_back(text.substr(start));
  return parts;
}

std::string string_repeat(const std::string& text, size_t count) {
  std::string repeated;
  for (size_t i = 0; i < count; i++) repeated += text;
  return repeated;
}

// The converter skips what it cannot convert and prints a warning to stderr. Here a warning becomes
// an error: a schema that is enforced in part is worse than no schema.
#define fprintf(stream, format, warnings) throw std::invalid_argument(warnings)
#include "json-schema-to-grammar.cpp"
#undef fprintf

namespace codellama {

std::string JsonSchemaToGrammar(const std::string& schema) {
  try {
    const common_chat_schema_document document =
        common_chat_schema_from_json(common_json::parse(schema));
    RequireAffordable(document);
    return json_schema_to_grammar(document);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Error(ErrorCode::kInvalidGrammar, std::string("jsonSchema: ") + error.what());
  }
}

}  // namespace codellama
