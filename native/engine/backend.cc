#include "backend.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <mutex>

#include "llama.h"

#ifdef _WIN32
#include <windows.h>
#else
#include <dlfcn.h>
#endif

namespace codellama {

namespace {

thread_local LogCapture* current_capture = nullptr;
bool log_to_stderr = false;

#ifdef GGML_BACKEND_DL
// Of the shared library that this code is in, so that no other folder is searched for backends.
std::string OwnFolder() {
#ifdef _WIN32
  HMODULE module = nullptr;
  GetModuleHandleExA(
      GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
      reinterpret_cast<LPCSTR>(&InitializeBackends), &module);
  wchar_t path[MAX_PATH] = {};
  GetModuleFileNameW(module, path, MAX_PATH);
  return std::filesystem::path(path).parent_path().string();
#else
  Dl_info info = {};
  dladdr(reinterpret_cast<void*>(&InitializeBackends), &info);
  return std::filesystem::path(info.dli_fname).parent_path().string();
#endif
}
#endif

}  // namespace

void OnLog(int level, const char* text) {
  if (log_to_stderr) std::fputs(text, stderr);
  LogCapture* capture = current_capture;
  if (capture == nullptr) return;
  if (level != GGML_LOG_LEVEL_CONT) {
    capture->last_ = level == GGML_LOG_LEVEL_ERROR  ? &capture->errors_
                     : level == GGML_LOG_LEVEL_WARN ? &capture->warnings_
                                                    : nullptr;
  }
  if (capture->last_ != nullptr) capture->last_->append(text);
}

void InitializeBackends() {
  static std::once_flag once;
  std::call_once(once, [] {
    const char* log = std::getenv("NODE_CODELLAMA_LOG");
    log_to_stderr = log != nullptr && std::strcmp(log, "1") == 0;
    llama_log_set([](ggml_log_level level, const char* text, void*) { OnLog(level, text); },
                  nullptr);
    llama_backend_init();
#ifdef GGML_BACKEND_DL
    ggml_backend_load_all_from_path(OwnFolder().c_str());
#endif
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
