// Process-wide state of llama.cpp: its backends and its log.
#pragma once

#include <string>

namespace codellama {

// Loads the backends and sets up the log. Only the first call has an effect. Any thread.
void InitializeBackends();

// Takes a log line of llama.cpp. `level` is a ggml_log_level.
void OnLog(int level, const char* text);

// Collects the warnings and errors that llama.cpp logs on this thread during the object's life,
// because its functions report only that they failed. Captures nest: an outer one also gets the
// lines of the inner one. All other log lines are dropped. With NODE_CODELLAMA_LOG=1 in the
// environment all lines also go to stderr.
class LogCapture {
 public:
  LogCapture();
  ~LogCapture();
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  // The errors, or the warnings if there are no errors, one per line.
  std::string text() const;

 private:
  friend void OnLog(int level, const char* text);

  LogCapture* outer_;
  std::string errors_;
  std::string warnings_;
  std::string* last_ = nullptr;  // text that a continuation line, which has no level, extends
};

}  // namespace codellama
