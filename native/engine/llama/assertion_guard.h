// Turns failed assertions of llama.cpp and ggml into errors, where a file's numbers decide them:
// while a model is loaded and a context is made. Both build graphs on the calling thread and
// compute nothing. Elsewhere a failed assertion ends the process, because ggml's threads cannot be
// unwound. The checks in gguf/ come first, with the key and the value; this is for what they do not
// know.
#pragma once

#include <exception>
#include <new>
#include <string>

#include "engine/base/error.h"

namespace codellama {

// Once a process, before llama.cpp does anything.
void InstallAssertionHandler();

class AssertionGuard {
 public:
  AssertionGuard();
  ~AssertionGuard();
  AssertionGuard(const AssertionGuard&) = delete;
  AssertionGuard& operator=(const AssertionGuard&) = delete;

  // The assertion that failed while this object lives, with its place; empty without one.
  const std::string& failure() const { return failure_; }

 private:
  friend void FailAssertion(const char* message);

  AssertionGuard* outer_;
  std::string failure_;
};

// Calls a function of llama.cpp that makes something from a file. Throws kModelInvalid where an
// assertion fails, whether llama.cpp lets the exception pass or returns null.
template <typename Call>
auto GuardAssertions(const std::string& path, const Call& call) {
  const AssertionGuard guard;
  const auto refusal = [&](const std::string& reason) {
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
