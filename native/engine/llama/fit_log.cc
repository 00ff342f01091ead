// Sends the log of llama.cpp's fitting (common/fit.cpp) to OnLog(). It replaces common/log.cpp,
// which would start a thread.
#include <cstdarg>
#include <cstdio>

#include "engine/llama/backend.h"
#include "log.h"

int common_log_get_verbosity_thold() { return LOG_LEVEL_TRACE; }

bool common_log_get_jsonl() { return false; }

common_log* common_log_main() { return nullptr; }

void common_log_add(common_log* /*log*/, ggml_log_level level, const char* format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  codellama::OnLog(level, text);
}

void common_log_add_json(common_log* /*log*/, const char* /*type*/, const common_json& /*data*/) {}
