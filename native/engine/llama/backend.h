// llama.cpp's process-wide state: backends, and the log that everybody shares.
#pragma once

#include <string>

namespace codellama {

// Loads the backends and sets up the log, once a process. Any thread.
void InitializeBackends();

// Takes a line as llama.cpp logs them; `level` is a ggml_log_level.
void OnLog(int level, const char* text);

// Collects what llama.cpp logs as a warning or an error on this thread while it lives, since
// its functions say only that they failed. Other output of llama.cpp is dropped, unless
// the environment has NODE_CODELLAMA_LOG=1: then all of it goes to stderr.
class LogCapture {
 public:
  LogCapture();
  ~LogCapture();
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  // The errors, else the warnings, one a line.
  std::string text() const;

 private:
  friend void OnLog(int level, const char* text);

  LogCapture* outer_;
  std::string errors_;
  std::string warnings_;
  std::string* last_ = nullptr;  // continuation lines carry no level
};

}  // namespace codellama
