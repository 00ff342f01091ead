// libFuzzer target: reads bytes as a model file and runs the checks.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "engine/base/error.h"
#include "engine/gguf/gguf_file.h"

using codellama::Error;
using codellama::GgufFile;

namespace {

// An in-memory file that has a path.
const int file_number = memfd_create("model", 0);
const std::string path = "/proc/self/fd/" + std::to_string(file_number);

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (ftruncate(file_number, 0) != 0) return -1;
  if (pwrite(file_number, data, size, 0) != static_cast<ssize_t>(size)) return -1;
  for (auto* check : {codellama::CheckModel, codellama::CheckVocabularyOnly}) {
    try {
      check(codellama::ReadGguf(path), path);
    } catch (const Error&) {
    }
  }
  try {
    codellama::CheckAdapter(codellama::ReadGguf(path), path);
  } catch (const Error&) {
  }
  return 0;
}
