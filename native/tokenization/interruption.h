// Stops llama.cpp's tokenizers, which take seconds for megabytes of text and have no callback. The
// patched tokenizers call ThrowIfInterrupted().
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

// Sets the flag of the calling thread. Tokenizing stops when it becomes true; null = it never
// stops. The flag must outlive its use. Returns the previous flag.
CODELLAMA_INTERRUPTION const std::atomic<bool>* SetInterruption(const std::atomic<bool>* flag);

// Throws std::system_error with std::errc::operation_canceled when the flag of the calling thread
// is true. The type is a standard one because on some platforms libraries disagree about the type
// information of other types.
CODELLAMA_INTERRUPTION void ThrowIfInterrupted();

// Sets the flag of the calling thread for a scope.
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
