// Stops llama.cpp's tokenizers. They run for seconds over megabytes of text and take no callback.
#pragma once

#include <atomic>

#if !defined(_WIN32)
#define CODELLAMA_INTERRUPTION __attribute__((visibility("default")))
#elif defined(LLAMA_BUILD)
#define CODELLAMA_INTERRUPTION __declspec(dllexport)
#else
#define CODELLAMA_INTERRUPTION
#endif

namespace codellama {

// The thread tokenizes until `flag` turns true; null = to the end. Returns the flag before.
CODELLAMA_INTERRUPTION const std::atomic<bool>* SetInterruption(const std::atomic<bool>* flag);

// Throws std::system_error with std::errc::operation_canceled when the thread's flag is true. A
// standard type: type information of other types differs between libraries on some platforms.
CODELLAMA_INTERRUPTION void ThrowIfInterrupted();

// Sets the thread's flag for a scope.
class Interruptible {
 public:
  explicit Interruptible(const std::atomic<bool>* flag) : before_(SetInterruption(flag)) {}
  ~Interruptible() { SetInterruption(before_); }
  Interruptible(const Interruptible&) = delete;
  Interruptible& operator=(const Interruptible&) = delete;

 private:
  const std::atomic<bool>* const before_;
};

}  // namespace codellama
