// libFuzzer target: reads bytes as a GBNF grammar.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/base/error.h"
#include "engine/grammar/rule_grammar.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    codellama::ParseGrammar(std::string_view(reinterpret_cast<const char*>(data), size));
  } catch (const codellama::Error&) {
  }
  return 0;
}
