// Turns failed assertions of llama.cpp and ggml into errors while a model is loaded or a context is
// made: there the numbers of a file decide whether an assertion holds. Both build graphs on the
// calling thread and compute nothing. Elsewhere a failed assertion ends the process, because ggml's
// threads cannot be unwound. The checks in gguf/ come first and name the key and the value. The
// guard catches what they do not know.
#pragma once

#include <exception>
#include <new>
#include <string>

#include "engine/base/error.h"
#include "engine/llama/backend.h"

namespace codellama {

// Call it once per process, before any other use of llama.cpp.
void InstallAssertionHandler();

class AssertionGuard {
 public:
  AssertionGuard();
  ~AssertionGuard();
  AssertionGuard(const AssertionGuard&) = delete;
  AssertionGuard& operator=(const AssertionGuard&) = delete;

  // The assertion that failed during this object's life, with its place; empty if none failed.
  const std::string& failure() const { return failure_; }

 private:
  friend void FailAssertion(const char* message);

  AssertionGuard* outer_;
  std::string failure_;
};

// Whether a message of ggml, the C++ library or the system reports a failed allocation, or a thread
// that could not start because its stack could not be allocated.
bool ReportsLackOfMemory(const std::string& message);

// Calls a function of llama.cpp that makes something from a file, and returns its result. If an
// assertion failed or an exception was thrown, throws kOutOfMemory when a failed allocation was
// logged or is the reason, else kModelInvalid. Errors and std::bad_alloc pass unchanged.
template <typename Call>
auto GuardAssertions(const std::string& path, const Call& call) {
  const LogCapture log;
  const AssertionGuard guard;
  const auto refusal = [&](const std::string& reason) {
    if (ReportsLackOfMemory(reason) || ReportsLackOfMemory(log.text())) {
      return Error(ErrorCode::kOutOfMemory, path + ": not enough memory: " + reason);
    }
    return Error(ErrorCode::kModelInvalid, path + ": llama.cpp cannot run it: " + reason);
  };
  try {
    auto made = call();
    if (made == nullptr && !guard.failure().empty()) throw refusal(guard.failure());
    return made;
  } catch (const Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    throw refusal(error.what());
  }
}

}  // namespace codellama
