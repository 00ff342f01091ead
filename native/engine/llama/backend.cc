#include "engine/llama/backend.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "engine/llama/assertion_guard.h"
#include "engine/llama/backend_library.h"
#include "llama.h"

namespace codellama {

namespace {

thread_local LogCapture* current_capture = nullptr;
bool log_to_stderr = false;

}  // namespace

void OnLog(int level, const char* text) {
  if (log_to_stderr) std::fputs(text, stderr);
  for (LogCapture* capture = current_capture; capture != nullptr; capture = capture->outer_) {
    if (level != GGML_LOG_LEVEL_CONT) {
      capture->last_ = level == GGML_LOG_LEVEL_ERROR  ? &capture->errors_
                       : level == GGML_LOG_LEVEL_WARN ? &capture->warnings_
                                                      : nullptr;
    }
    if (capture->last_ != nullptr) capture->last_->append(text);
  }
}

void InitializeBackends() {
  static std::once_flag once;
  std::call_once(once, [] {
    const char* log = std::getenv("NODE_CODELLAMA_LOG");
    log_to_stderr = log != nullptr && std::strcmp(log, "1") == 0;
    llama_log_set([](ggml_log_level level, const char* text, void*) { OnLog(level, text); },
                  nullptr);
    InstallAssertionHandler();
    llama_backend_init();
    LoadBackendLibraries();
  });
}

LogCapture::LogCapture() : outer_(current_capture) { current_capture = this; }

LogCapture::~LogCapture() { current_capture = outer_; }

std::string LogCapture::text() const {
  std::string text = errors_.empty() ? warnings_ : errors_;
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace codellama
