// llama.cpp's process-wide state: backends, and the log that everybody shares.
#pragma once

#include <string>

namespace codellama {

// Loads the backends that lie beside this library, once a process. Any thread.
void InitializeBackends();

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
